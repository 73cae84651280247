import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { quizRow } from '@/board/row';
import { rowsOf } from '../../test/world';
import { throwConfetti } from './confetti';
import { play } from './fanfare';
import { Podium } from './Podium';

vi.mock('./confetti');
vi.mock('./fanfare');

const stop = vi.fn();

beforeEach(() => {
  vi.clearAllMocks();
  vi.mocked(throwConfetti).mockReturnValue(stop);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const rows = (scores: Record<string, number>) => rowsOf(scores).map(quizRow);
const FOUR = rows({ Ana: 40, Ben: 30, Cleo: 20, Dan: 10 });
const names = () => screen.queryAllByText(/^(Ana|Ben|Cleo|Dan)$/).map((one) => one.textContent);
const step = () => act(() => vi.advanceTimersByTime(1800));

test('the third is shown, then the second, then the first', () => {
  vi.useFakeTimers();
  render(<Podium rows={FOUR} hasSound={false} run="one" />);
  expect(names()).toEqual([]);
  step();
  expect(names()).toEqual(['Cleo']);
  step();
  expect(names()).toEqual(['Ben', 'Cleo']);
  step();
  expect(names()).toEqual(['Ana', 'Ben', 'Cleo']);
});

test('it can be skipped, and then there is neither confetti nor a fanfare', async () => {
  render(<Podium rows={FOUR} hasSound run="two" />);
  await userEvent.click(screen.getByRole('button', { name: 'Skip' }));
  expect(names()).toEqual(['Ana', 'Ben', 'Cleo']);
  expect(screen.queryByRole('button', { name: 'Skip' })).not.toBeInTheDocument();
  await vi.dynamicImportSettled();
  expect(throwConfetti).not.toHaveBeenCalled();
  expect(play).not.toHaveBeenCalled();
});

test.each(['{Enter}', '[MouseLeft]'])(
  'the first place brings confetti, %s ends it',
  async (end) => {
    vi.useFakeTimers();
    render(<Podium rows={FOUR} hasSound run={`confetti ${end}`} />);
    for (const _ of [1, 2, 3]) step();
    vi.useRealTimers();
    await vi.dynamicImportSettled();
    expect(play).toHaveBeenLastCalledWith(3);
    expect(throwConfetti).toHaveBeenCalledOnce();
    expect(stop).not.toHaveBeenCalled();
    const user = userEvent.setup();
    await (end.startsWith('{') ? user.keyboard(end) : user.click(document.body));
    expect(stop).toHaveBeenCalledOnce();
  },
);

test('the same run is celebrated once', async () => {
  const { unmount } = render(<Podium rows={FOUR} hasSound={false} run="three" />);
  await userEvent.click(screen.getByRole('button', { name: 'Skip' }));
  unmount();
  render(<Podium rows={FOUR} hasSound={false} run="three" />);
  expect(names()).toEqual(['Ana', 'Ben', 'Cleo']);
});

test('whoever asked for less motion sees all at once', () => {
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
  render(<Podium rows={FOUR} hasSound={false} run="four" />);
  expect(names()).toEqual(['Ana', 'Ben', 'Cleo']);
});

test('who shares a place shares the step, and nobody waits for an empty one', () => {
  vi.useFakeTimers();
  render(<Podium rows={rows({ Ana: 40, Ben: 40, Cleo: 20 })} hasSound={false} run="five" />);
  step();
  expect(names()).toEqual(['Cleo']);
  act(() => vi.advanceTimersByTime(0));
  step();
  expect(names()).toEqual(['Ana', 'Ben', 'Cleo']);
});
