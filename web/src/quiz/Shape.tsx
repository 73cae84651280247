/** The sign of an option: a letter in a shape, so that colour says nothing alone. */

const SHAPES = [
  'M16 2a14 14 0 1 0 0 28a14 14 0 1 0 0-28z',
  'M16 2L31 29H1z',
  'M3 3h26v26H3z',
  'M16 0l16 16-16 16L0 16z',
  'M16 1l15 11-6 18H7L1 12z',
  'M9 2h14l8 14-8 14H9L1 16z',
  'M10 2h12l8 8v12l-8 8H10l-8-8V10z',
  'M6 2h20l5 28H1z',
  'M2 2h28v14a14 14 0 0 1-28 0z',
  'M16 1c9 9 13 14 13 19a13 11 0 0 1-26 0c0-5 4-10 13-19z',
];

export const LETTERS = 'ABCDEFGHIJ';

export function Shape({ index }: { index: number }) {
  return (
    <svg className={`shape shape-${index}`} viewBox="0 0 32 32" aria-hidden="true">
      <path d={SHAPES[index] ?? ''} />
      <text x="16" y={index === 1 || index === 9 ? 25 : 21.5} textAnchor="middle">
        {LETTERS[index]}
      </text>
    </svg>
  );
}
