/**
 * Questions out of a file or a paste: JSON as the API takes it, or CSV with the headings
 * `question`, `option 1` …, `correct` (the option's text, or its column's number or letter) and
 * `points`.
 */

import type { NewQuestion } from '@/api/wire';
import { LETTERS } from '@/quiz/Shape';
import { parseCsv } from './csv';

/** The questions that can be added, and what is wrong with the others. */
export interface Import {
  questions: NewQuestion[];
  problems: string[];
}

const POINTS = 10;
const QUESTION_LENGTH = 1000;
const OPTION_LENGTH = 200;

/** Reads questions from a text in either format. */
export function importQuestions(text: string): Import {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed === '') return { questions: [], problems: ['There is nothing in it'] };
  return /^[[{]/.test(trimmed) ? fromJson(trimmed) : fromCsv(trimmed);
}

function fromJson(text: string): Import {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { questions: [], problems: ['This is not complete JSON'] };
  }
  const list: unknown[] = Array.isArray(value)
    ? value
    : Array.isArray((value as { questions?: unknown }).questions)
      ? (value as { questions: unknown[] }).questions
      : [value];
  return collect(
    list.map((item, index) => {
      const { text, options, correct_answer, points } = (item ?? {}) as Record<string, unknown>;
      return [
        `Question ${index + 1}`,
        {
          text: String(text ?? ''),
          options: Array.isArray(options) ? options.map((option) => String(option).trim()) : [],
          answer: typeof correct_answer === 'number' ? correct_answer : -1,
          correct: String(correct_answer ?? ''),
          points: points === undefined ? String(POINTS) : String(points),
        },
      ];
    }),
  );
}

function fromCsv(text: string): Import {
  const [head = [], ...lines] = parseCsv(text);
  const headings = head.map((heading) => heading.trim().toLowerCase());
  const column = (...names: string[]) => headings.findIndex((heading) => names.includes(heading));
  const question = column('question', 'text');
  const correct = column('correct', 'correct_answer', 'answer');
  const points = column('points');
  const options = headings.flatMap((heading, at) => {
    const name = /^(?:option|answer)?[ _]*([1-9]|10|[a-j])$/.exec(heading)?.[1];
    return name ? [{ at, number: numberOf(name) }] : [];
  });
  if (question < 0 || correct < 0 || options.length < 2) {
    return {
      questions: [],
      problems: ['The first line needs the headings question, option 1, option 2, … and correct'],
    };
  }
  return collect(
    lines.map((cells, index) => {
      const right = (cells[correct] ?? '').trim();
      const filled = options
        .map(({ at, number }) => ({ number, text: (cells[at] ?? '').trim() }))
        .filter(({ text }) => text !== '');
      const byText = filled.findIndex(({ text }) => text === right);
      return [
        `Line ${index + 2}`,
        {
          text: cells[question] ?? '',
          options: filled.map(({ text }) => text),
          answer:
            byText >= 0 ? byText : filled.findIndex(({ number }) => number === numberOf(right)),
          correct: right,
          points: cells[points]?.trim() || String(POINTS),
        },
      ];
    }),
  );
}

/** What a number from 1 or a letter stands for; 0 for anything else. */
function numberOf(name: string): number {
  if (/^\d+$/.test(name)) return Number(name);
  return name.length === 1 ? LETTERS.indexOf(name.toUpperCase()) + 1 : 0;
}

interface Draft {
  text: string;
  options: string[];
  /** The place of the right one among the options. */
  answer: number;
  /** The right one as it was written. */
  correct: string;
  points: string;
}

function collect(drafts: [string, Draft][]): Import {
  const found: Import = { questions: [], problems: [] };
  for (const [where, draft] of drafts) {
    const result = readDraft(draft);
    if (typeof result === 'string') found.problems.push(`${where}: ${result}`);
    else found.questions.push(result);
  }
  return found;
}

/** The question, or what is wrong with it. */
function readDraft({ text, options, answer, correct, points }: Draft): NewQuestion | string {
  const worth = Number(points);
  if (text.trim() === '') return 'the question is empty';
  if (text.trim().length > QUESTION_LENGTH) return `more than ${QUESTION_LENGTH} characters`;
  if (options.length < 2 || options.length > 10) return 'it needs 2 to 10 options';
  if (options.some((option) => option === '')) return 'an option is empty';
  if (options.some((option) => option.length > OPTION_LENGTH)) {
    return `an option has more than ${OPTION_LENGTH} characters`;
  }
  if (new Set(options).size < options.length) return 'two options are the same';
  if (options[answer] === undefined) return `"${correct}" is none of its options`;
  if (!Number.isInteger(worth) || worth < 1 || worth > 100) return 'points must be from 1 to 100';
  return { text: text.trim(), options, correct_answer: answer, points: worth };
}
