import { expect, test } from 'vitest';
import { parseCsv } from './csv';
import { importQuestions } from './importQuestions';

const CELL = { text: 'Which is the cell’s engine?', options: ['Wall', 'Mitochondrion'] };

test('CSV names the right option by its text, letter or number', () => {
  const csv = `question,option 1,option 2,correct,points
Text?,Wall,Mitochondrion,Mitochondrion,20
Letter?,Wall,Mitochondrion,b,
Number?,Wall,Mitochondrion,2,5`;
  const { questions, problems } = importQuestions(csv);
  expect(problems).toEqual([]);
  expect(
    questions.map(({ text, correct_answer, points }) => [text, correct_answer, points]),
  ).toEqual([
    ['Text?', 1, 20],
    ['Letter?', 1, 10],
    ['Number?', 1, 5],
  ]);
});

test('CSV from a spreadsheet with semicolons, quotes, line breaks and a byte order mark works', () => {
  const csv = '\uFEFFquestion;a;b;correct\r\n"He said ""why?""\nTwice";"x;y";z;A\r\n\r\n';
  expect(importQuestions(csv)).toEqual({
    problems: [],
    questions: [
      { text: 'He said "why?"\nTwice', options: ['x;y', 'z'], correct_answer: 0, points: 10 },
    ],
  });
});

test('numbers as options are taken for the option before they are taken for its number', () => {
  const csv = 'question,option 1,option 2,correct\n1 + 1?,1,2,1';
  expect(importQuestions(csv).questions[0]?.correct_answer).toBe(0);
});

test('a number or letter means its column, also where one before it is empty', () => {
  const csv = `question,a,b,c,d,correct
Number?,Venus,,Mars,Jupiter,3
Letter?,Venus,,Mars,Jupiter,D`;
  const { questions, problems } = importQuestions(csv);
  expect(problems).toEqual([]);
  expect(questions.map(({ options, correct_answer }) => options[correct_answer])).toEqual([
    'Mars',
    'Jupiter',
  ]);
});

test('a column is the one that its heading says, wherever it stands', () => {
  const csv = 'question,correct,option 3,option 1\nWhich planet is red?,1,Venus,Mars';
  expect(importQuestions(csv).questions).toMatchObject([
    { options: ['Venus', 'Mars'], correct_answer: 1 },
  ]);
});

test('in JSON the right option is named by its place alone, even among numbers', () => {
  const question = { text: '1 + 1?', options: ['2', '1'], correct_answer: 0, points: 10 };
  expect(importQuestions(JSON.stringify(question)).questions).toEqual([question]);
});

test('JSON works as the API takes it, alone, in a list or under "questions"', () => {
  const question = { ...CELL, correct_answer: 1, points: 15 };
  for (const value of [question, [question], { questions: [question] }]) {
    expect(importQuestions(JSON.stringify(value))).toEqual({ problems: [], questions: [question] });
  }
});

test.each([
  ['question,option 1,option 2,correct\n,a,b,1', 'Line 2: the question is empty'],
  ['question,option 1,option 2,correct\nQ?,a,,1', 'Line 2: it needs 2 to 10 options'],
  ['question,option 1,option 2,correct\nQ?,a,a,1', 'Line 2: two options are the same'],
  ['question,option 1,option 2,correct\nQ?,a,b,3', 'Line 2: "3" is none of its options'],
  ['question,a,b,c,correct\nQ?,x,,y,2', 'Line 2: "2" is none of its options'],
  ['question,a,b,c,correct\nQ?,x,,y,b', 'Line 2: "b" is none of its options'],
  ['question,a,b,c,correct\nQ?,x,,y,', 'Line 2: "" is none of its options'],
  [
    'question,option 1,option 2,correct,points\nQ?,a,b,1,101',
    'Line 2: points must be from 1 to 100',
  ],
  ['name,thing\nx,y', /first line needs the headings/],
  ['[{"text":"Q?"', 'This is not complete JSON'],
  ['[{"text":"Q?","options":["a","b"]}]', 'Question 1: "" is none of its options'],
  [
    '[{"text":"Q?","options":["a","b"],"correct_answer":2}]',
    'Question 1: "2" is none of its options',
  ],
  ['[null]', 'Question 1: the question is empty'],
  ['  ', 'There is nothing in it'],
])('what is wrong is said with its place: %s', (text, problem) => {
  const found = importQuestions(text);
  expect(found.questions).toEqual([]);
  expect(found.problems).toEqual([expect.stringMatching(problem)]);
});

test('the good ones are kept beside the bad ones', () => {
  const { questions, problems } = importQuestions(
    'question,option 1,option 2,correct\nGood?,a,b,1\n,a,b,1',
  );
  expect([questions.length, problems.length]).toEqual([1, 1]);
});

test('a cell may be empty, a line may not be', () => {
  expect(parseCsv('a,,c\n\n1,2,3\n')).toEqual([
    ['a', '', 'c'],
    ['1', '2', '3'],
  ]);
});
