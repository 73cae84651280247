import { act, render, screen, within } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { rowsOf } from '../../test/world';
import { Board } from './Board';
import { gapAhead, quizRow } from './row';

afterEach(() => {
  vi.useRealTimers();
});

const rows = (scores: Record<string, number>) => rowsOf(scores).map(quizRow);

const row = (name: string) => {
  const found = screen.getByText(name).closest('li');
  if (!found) throw new Error(`${name} has no row`);
  return within(found);
};

test('who is tied has the same place', () => {
  render(<Board label="Ranking" rows={rows({ Ana: 30, Ben: 20, Cleo: 20, Dan: 10 })} />);
  const places = screen.getAllByRole('listitem').map((item) => item.firstChild?.textContent);
  expect(places).toEqual(['1', '2', '2', '4']);
});

test('medals are for points: at the start, when all are first, nobody wears one', () => {
  const { container, rerender } = render(
    <Board label="Ranking" rows={rows({ Ana: 0, Ben: 0, Cleo: 0, Dan: 0 })} />,
  );
  const medals = () =>
    Array.from(container.querySelectorAll('.medal'), (medal) => medal.textContent);
  expect(medals()).toEqual([]);
  rerender(<Board label="Ranking" rows={rows({ Ana: 30, Ben: 20, Cleo: 10, Dan: 5 })} />);
  expect(medals()).toEqual(['1', '2', '3']);
});

test('the own row is marked in a word', () => {
  render(<Board label="Ranking" rows={rows({ Ana: 30, Ben: 20 })} ownId="p_Ben" />);
  expect(row('Ben').getByText('you')).toBeInTheDocument();
  expect(row('Ana').queryByText('you')).not.toBeInTheDocument();
});

test('the own row stands below when it is not among the rows', () => {
  const own = { id: 'p_Zoe', name: 'Zoe', score: 3, rank: 120 };
  render(<Board label="Ranking" rows={rows({ Ana: 30 })} ownId="p_Zoe" own={own} />);
  const below = within(screen.getByRole('list', { name: 'Your position' }));
  expect(below.getByText('120')).toBeInTheDocument();
  expect(below.getByText('Zoe')).toBeInTheDocument();
});

test('a change of place is told in words for some seconds', () => {
  vi.useFakeTimers();
  const { rerender } = render(
    <Board label="Ranking" rows={rows({ Ana: 30, Ben: 20, Cleo: 10 })} />,
  );
  expect(screen.queryByText(/place/)).not.toBeInTheDocument();
  rerender(<Board label="Ranking" rows={rows({ Cleo: 40, Ana: 30, Ben: 20 })} />);
  expect(row('Cleo').getByText('up 2 places')).toBeInTheDocument();
  expect(row('Ben').getByText('down 1 place')).toBeInTheDocument();
  act(() => vi.advanceTimersByTime(4000));
  expect(screen.queryByText(/place/)).not.toBeInTheDocument();
});

test('a change of place goes after its own seconds, whatever moves meanwhile', () => {
  vi.useFakeTimers();
  const { rerender } = render(
    <Board label="Ranking" rows={rows({ Ana: 40, Ben: 30, Cleo: 20, Dan: 10 })} />,
  );
  rerender(<Board label="Ranking" rows={rows({ Ben: 50, Ana: 40, Cleo: 20, Dan: 10 })} />);
  act(() => vi.advanceTimersByTime(3000));
  rerender(<Board label="Ranking" rows={rows({ Ben: 50, Ana: 40, Dan: 25, Cleo: 20 })} />);
  expect(row('Ben').getByText('up 1 place')).toBeInTheDocument();
  act(() => vi.advanceTimersByTime(1000));
  expect(row('Ben').queryByText(/place/)).not.toBeInTheDocument();
  expect(row('Dan').getByText('up 1 place')).toBeInTheDocument();
  act(() => vi.advanceTimersByTime(3000));
  expect(screen.queryByText(/place/)).not.toBeInTheDocument();
});

test('a change of place adds to one that is still shown', () => {
  vi.useFakeTimers();
  const { rerender } = render(
    <Board label="Ranking" rows={rows({ Ana: 30, Ben: 20, Cleo: 10 })} />,
  );
  rerender(<Board label="Ranking" rows={rows({ Ana: 30, Cleo: 25, Ben: 20 })} />);
  act(() => vi.advanceTimersByTime(3000));
  rerender(<Board label="Ranking" rows={rows({ Cleo: 40, Ana: 30, Ben: 20 })} />);
  act(() => vi.advanceTimersByTime(3000));
  expect(row('Cleo').getByText('up 2 places')).toBeInTheDocument();
  expect(row('Ben').queryByText(/place/)).not.toBeInTheDocument();
});

test('a score shows its new value', () => {
  vi.stubGlobal('matchMedia', () => ({ matches: true }));
  const { rerender } = render(<Board label="Ranking" rows={rows({ Ana: 30 })} />);
  rerender(<Board label="Ranking" rows={rows({ Ana: 45 })} />);
  expect(row('Ana').getByText('45')).toBeInTheDocument();
});

test('rows of the past look so', () => {
  const { container } = render(<Board label="Ranking" rows={rows({ Ana: 30 })} isPast />);
  expect(container.querySelector('.board-past')).toBeInTheDocument();
});

test('the gap to the next one up is told in words', () => {
  const list = rows({ Ana: 30, Ben: 16, Cleo: 16, Dan: 15 });
  expect(gapAhead(list, 'p_Ana')).toBeUndefined();
  expect(gapAhead(list, 'p_Ben')).toBe('14 points behind Ana');
  expect(gapAhead(list, 'p_Cleo')).toBe('14 points behind Ana');
  expect(gapAhead(list, 'p_Dan')).toBe('1 point behind Cleo');
  expect(gapAhead(list, 'p_Nobody')).toBeUndefined();
});

test('who has as many points but took longer is told that', () => {
  const list = [
    { id: 'a', name: 'Ana', score: 10, rank: 1 },
    { id: 'b', name: 'Ben', score: 10, rank: 2 },
  ];
  expect(gapAhead(list, 'b')).toBe('As many points as Ana, who was faster');
});
