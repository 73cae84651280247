import { act, fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, expect, test, vi } from 'vitest';
import { Notifications, useShowNotification } from './notifications';

let show: ReturnType<typeof useShowNotification>;

function Speaker() {
  show = useShowNotification();
  return null;
}

beforeEach(() => {
  vi.useFakeTimers();
  render(
    <Notifications>
      <Speaker />
    </Notifications>,
  );
  return () => vi.useRealTimers();
});

const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms));
const shown = () => screen.queryAllByText(/^note/).map(({ textContent }) => textContent);

test('a notification goes after five seconds', () => {
  act(() => show('note'));
  pass(4999);
  expect(shown()).toEqual(['note']);
  pass(1);
  expect(shown()).toEqual([]);
});

test('it stays while the pointer is on it', () => {
  act(() => show('note'));
  fireEvent.pointerEnter(screen.getByText('note'));
  pass(60_000);
  expect(shown()).toEqual(['note']);
  fireEvent.pointerLeave(screen.getByText('note'));
  pass(5000);
  expect(shown()).toEqual([]);
});

test('it stays while the keyboard is on it', () => {
  act(() => show('note'));
  act(() => screen.getByRole('button', { name: 'Dismiss' }).focus());
  pass(60_000);
  expect(shown()).toEqual(['note']);
  act(() => screen.getByRole('button', { name: 'Dismiss' }).blur());
  pass(5000);
  expect(shown()).toEqual([]);
});

test('it stays while the pointer is on it, also when the keyboard goes elsewhere', () => {
  act(() => show('note'));
  fireEvent.pointerEnter(screen.getByText('note'));
  act(() => screen.getByRole('button', { name: 'Dismiss' }).focus());
  act(() => screen.getByRole('button', { name: 'Dismiss' }).blur());
  pass(60_000);
  expect(shown()).toEqual(['note']);
});

test('when the one being read is dismissed, the other goes by itself', () => {
  act(() => show('note 1'));
  act(() => show('note 2'));
  const [first] = screen.getAllByRole('button', { name: 'Dismiss' });
  fireEvent.pointerEnter(screen.getByText('note 1'));
  act(() => first?.focus());
  act(() => first?.click());
  expect(shown()).toEqual(['note 2']);
  pass(5000);
  expect(shown()).toEqual([]);
});

test('three are shown at most, the latest', () => {
  for (const text of ['note 1', 'note 2', 'note 3', 'note 4']) act(() => show(text));
  expect(shown()).toEqual(['note 2', 'note 3', 'note 4']);
});

test('the same words again are one notification', () => {
  act(() => show('note'));
  act(() => show('note'));
  expect(shown()).toEqual(['note']);
});

test('it can be dismissed, and the next one goes by itself again', () => {
  act(() => show('note 1'));
  act(() => screen.getByRole('button', { name: 'Dismiss' }).focus());
  fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(shown()).toEqual([]);
  act(() => show('note 2'));
  pass(5000);
  expect(shown()).toEqual([]);
});

test('it is announced politely', () => {
  act(() => show('note', 'error'));
  expect(screen.getByRole('status')).toHaveTextContent('note');
});

test('a new one is announced without those that stand there already', () => {
  expect(screen.getByRole('status')).toHaveAttribute('aria-atomic', 'false');
});
