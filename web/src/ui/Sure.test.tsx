import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Sure } from './Sure';

const ask = () => {
  const onYes = vi.fn();
  render(
    <Sure question="Really?" yes="Do it" onYes={onYes}>
      Delete
    </Sure>,
  );
  return onYes;
};

test('it takes no focus before it is pressed', () => {
  ask();
  expect(document.body).toHaveFocus();
});

test('by keyboard alone: asked, cancelled, asked again, done', async () => {
  const onYes = ask();
  await userEvent.tab();
  await userEvent.keyboard('{Enter}');
  expect(screen.getByRole('button', { name: 'Do it' })).toHaveFocus();
  await userEvent.tab();
  await userEvent.keyboard('{Enter}');
  expect(onYes).not.toHaveBeenCalled();
  expect(screen.getByRole('button', { name: 'Delete' })).toHaveFocus();
  await userEvent.keyboard('{Enter}{Enter}');
  expect(onYes).toHaveBeenCalledOnce();
  expect(screen.getByRole('button', { name: 'Delete' })).toHaveFocus();
});
