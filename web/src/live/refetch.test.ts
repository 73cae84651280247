import { QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { throttledInvalidation } from './refetch';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('a storm of signals becomes one refetch at once and one a second', () => {
  const cache = new QueryClient();
  const refetches = vi.spyOn(cache, 'invalidateQueries');
  const invalidate = throttledInvalidation(cache);
  for (let signal = 0; signal < 300; signal++) {
    invalidate(['me']);
    vi.advanceTimersByTime(10);
  }
  expect(refetches.mock.calls.length).toBe(4);
  vi.advanceTimersByTime(10_000);
  expect(refetches.mock.calls.length).toBe(4);
});

test('the last signal of a storm is not lost', () => {
  const cache = new QueryClient();
  const refetches = vi.spyOn(cache, 'invalidateQueries');
  const invalidate = throttledInvalidation(cache);
  invalidate(['me']);
  invalidate(['me']);
  expect(refetches).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  expect(refetches).toHaveBeenCalledTimes(2);
});

test('each key has a pause of its own', () => {
  const cache = new QueryClient();
  const refetches = vi.spyOn(cache, 'invalidateQueries');
  const invalidate = throttledInvalidation(cache);
  invalidate(['subject', 'BIO']);
  invalidate(['subject', 'MATH']);
  expect(refetches).toHaveBeenCalledTimes(2);
});
