/** How many of the others I did at least as well as, quiz by quiz. The table says it in numbers. */

import type { QuizPerformance } from '@/api/wire';

const WIDTH = 640;
const HEIGHT = 220;
const LEFT = 44;
const BOTTOM = 26;
const TOP = 12;
const LEVELS = [0, 25, 50, 75, 100];

const SHOWN = 20;

/** The latest quizzes from left to right; given newest first. */
export function Chart({ quizzes }: { quizzes: QuizPerformance[] }) {
  const shown = quizzes.slice(0, SHOWN).reverse();
  const step = (WIDTH - LEFT - 24) / Math.max(1, shown.length - 1);
  const x = (index: number) => (shown.length === 1 ? WIDTH / 2 : LEFT + 12 + index * step);
  const y = (percentile: number) => TOP + (1 - percentile / 100) * (HEIGHT - TOP - BOTTOM);
  const points = shown.map((quiz, index) => ({ quiz, x: x(index), y: y(quiz.percentile) }));

  return (
    <figure className="chart">
      <figcaption>Share of players you did as well as or better than, in percent</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={inWords(shown)}>
        {LEVELS.map((level) => (
          <g key={level} className="chart-level">
            <line x1={LEFT} x2={WIDTH} y1={y(level)} y2={y(level)} />
            <text x={LEFT - 8} y={y(level) + 4} textAnchor="end">
              {level}
            </text>
          </g>
        ))}
        <polyline className="chart-line" points={points.map((at) => `${at.x},${at.y}`).join(' ')} />
        {points.map((at) => (
          <circle key={at.quiz.quiz_id} className="chart-point" cx={at.x} cy={at.y} r="6">
            <title>{`${at.quiz.title}: ${at.quiz.percentile} %`}</title>
          </circle>
        ))}
        <g className="chart-level">
          <text x={LEFT} y={HEIGHT - 4}>
            {shown.length > 1 && 'earlier'}
          </text>
          <text x={WIDTH} y={HEIGHT - 4} textAnchor="end">
            {shown.length > 1 && 'latest'}
          </text>
        </g>
      </svg>
    </figure>
  );
}

function inWords(shown: QuizPerformance[]): string {
  return `Line from the first to the latest quiz: ${shown
    .map(({ title, percentile }) => `${title} ${percentile} percent`)
    .join(', ')}`;
}
