import { expect, test } from 'vitest';
import { ago, clock, count, duration, ordinal } from './words';

test('places are said as people say them', () => {
  expect([1, 2, 3, 4, 11, 12, 13, 21, 102].map(ordinal)).toEqual([
    '1st',
    '2nd',
    '3rd',
    '4th',
    '11th',
    '12th',
    '13th',
    '21st',
    '102nd',
  ]);
});

test('one is one, many are many', () => {
  expect([count(1, 'point'), count(0, 'point'), count(12_000, 'point')]).toEqual([
    '1 point',
    '0 points',
    '12,000 points',
  ]);
  expect(count(2, 'person', 'people')).toBe('2 people');
});

test('time left is a clock that stops at zero', () => {
  expect([5, 65, 3665, -3].map(clock)).toEqual(['0:05', '1:05', '1:01:05', '0:00']);
});

test('durations and ages have the unit that fits', () => {
  expect([9, 60, 312].map(duration)).toEqual(['9 s', '1 min', '5 min 12 s']);
  expect([0, 30_000, 150_000, 7_300_000, -5].map(ago)).toEqual([
    'just now',
    '30 s ago',
    '2 min ago',
    '2 h ago',
    'just now',
  ]);
});
