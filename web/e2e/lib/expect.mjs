/** Waiting for what a person would see. */

import assert from 'node:assert/strict';

const PATIENCE_MS = 20_000;

/** Waits until something that a function gives is as it should be. */
export async function eventually(give, shouldBe, what = 'it') {
  const end = performance.now() + PATIENCE_MS;
  let last;
  while (performance.now() < end) {
    last = await give().catch((error) => error);
    try {
      assert.deepEqual(last, shouldBe);
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  assert.deepEqual(
    last,
    shouldBe,
    `${what}: ${JSON.stringify(last)} is not ${JSON.stringify(shouldBe)}`,
  );
}

/** The rows of the ranking as `1 Ana 20`. */
export function rows(page, label = 'Ranking') {
  return page
    .getByRole('list', { name: label, exact: true })
    .getByRole('listitem')
    .evaluateAll((items) =>
      items.map((item) =>
        ['.rank', '.row-who', '.score']
          .map((part) => item.querySelector(part)?.firstChild?.textContent)
          .join(' '),
      ),
    );
}

/** Waits for words on the page. */
export async function sees(page, words) {
  await page.getByText(words).first().waitFor({ state: 'visible' });
}

/** Waits until words are gone from the page. */
export async function seesNoMore(page, words) {
  await page.getByText(words).first().waitFor({ state: 'hidden' });
}

/** The words of the connection's state. */
export function connection(page) {
  return page.getByTestId('connection').first().innerText();
}
