import { afterEach, expect, test, vi } from 'vitest';
import { stored } from './stored';

afterEach(() => vi.restoreAllMocks());

function refuseToWrite() {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('it is full', 'QuotaExceededError');
  });
}

test('a value is there again for the next page', () => {
  stored('test.kept', 'red').set('blue');
  expect(stored('test.kept', 'red').get()).toBe('blue');
});

test('where the storage is full, what was set counts until the page is left', () => {
  const color = stored('test.full', 'red');
  color.set('blue');
  refuseToWrite();
  const listener = vi.fn();
  color.subscribe(listener);
  color.set('green');
  expect(listener).toHaveBeenCalled();
  expect(color.get()).toBe('green');
  expect(color.get()).toBe('green');
  expect(stored('test.full', 'red').get()).toBe('blue');
});

test('what another tab sets after that counts', () => {
  const color = stored('test.later', 'red');
  refuseToWrite();
  color.set('green');
  vi.restoreAllMocks();
  localStorage.setItem('test.later', '"yellow"');
  expect(color.get()).toBe('yellow');
});

test('where storing is forbidden a value lives as long as the page', () => {
  refuseToWrite();
  vi.spyOn(Storage.prototype, 'getItem').mockImplementation(() => {
    throw new DOMException('it is forbidden', 'SecurityError');
  });
  const color = stored('test.forbidden', 'red');
  expect(color.get()).toBe('red');
  color.set('green');
  expect(color.get()).toBe('green');
});

test('what is not to be read counts as nothing', () => {
  localStorage.setItem('test.broken', '{');
  expect(stored('test.broken', 'red').get()).toBe('red');
});

test('the value stays the same one as long as nothing changes', () => {
  const colors = stored<string[]>('test.same', []);
  colors.set(['blue']);
  expect(colors.get()).toBe(colors.get());
});
