import type { Phase } from '@scorecast/client';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { polling } from './link';
import { StatusLine } from './StatusLine';

const told = (phase: Phase, attempt = 0, isStale = false) => {
  const { unmount } = render(<StatusLine link={{ phase, attempt }} isStale={isStale} />);
  const words = screen.getByTestId('connection').textContent;
  unmount();
  return words;
};

test('every state of the connection is said in words', () => {
  expect(told('open')).toBe('Live');
  expect(told('connecting')).toBe('Connecting');
  expect(told('waiting', 2)).toBe('Reconnecting, attempt 2 of 5');
  expect(told('connecting', 2)).toBe('Reconnecting, attempt 2 of 5');
  expect(told('offline')).toBe('You are offline');
  expect(told('exhausted', 5)).toBe('Disconnected');
  expect(told('signed-out')).toBe('Please sign in again');
  expect(told('gone')).toBe('This quiz was deleted');
  expect(told('open', 0, true)).toBe('Connected, but the scores stand still');
});

test('while live one sees how long ago the board changed', () => {
  const timestamp = new Date(Date.now() - 90_000).toISOString();
  render(<StatusLine link={{ phase: 'open', attempt: 0 }} timestamp={timestamp} />);
  expect(screen.getByText('changed 1 min ago')).toHaveAttribute('datetime', timestamp);
});

test('while lost one sees of which time the board is', () => {
  const timestamp = '2026-02-02T14:03:12.000Z';
  const local = new Date(timestamp).toLocaleTimeString('en-GB');
  render(<StatusLine link={{ phase: 'waiting', attempt: 1 }} timestamp={timestamp} />);
  expect(screen.getByText(`as of ${local}`)).toBeInTheDocument();
});

test('after the last attempt there is a button that tries again', async () => {
  const reconnect = vi.fn();
  render(<StatusLine link={{ phase: 'exhausted', attempt: 5 }} reconnect={reconnect} />);
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(reconnect).toHaveBeenCalledOnce();
});

test('whoever has no socket reads how often the board is asked for, and gets no button', () => {
  render(<StatusLine link={polling} />);
  expect(screen.getByText('Checked every 5 s')).toBeInTheDocument();
  expect(screen.queryByRole('button')).not.toBeInTheDocument();
});
