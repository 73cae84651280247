/** The questions of a quiz: typed one by one, or many at once from a file. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ChangeEvent, type FormEvent, useId, useRef, useState } from 'react';
import { addQuestion, deleteQuestion, hostQuestions } from '@/api/host';
import type { NewQuestion, OwnQuiz, Question } from '@/api/wire';
import { count } from '@/lib/words';
import { LETTERS, Shape } from '@/quiz/Shape';
import { Field, TextArea } from '@/ui/Field';
import { useShowNotification } from '@/ui/notifications';
import { Empty, Loading, Problem } from '@/ui/states';
import { type Import, importQuestions } from './importQuestions';

export function Questions({ quiz }: { quiz: OwnQuiz }) {
  const { data, error, refetch } = useQuery(hostQuestions(quiz.quiz_id));
  const mayChange = quiz.status !== 'started';
  return (
    <section>
      <h2>Questions</h2>
      {!data && error && <Problem error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading what="the questions" />}
      {data?.length === 0 && (
        <Empty>
          <p>No questions yet. A quiz needs at least one before it can start.</p>
        </Empty>
      )}
      {data && data.length > 0 && (
        <ol className="question-list">
          {data.map((question) => (
            <QuestionItem
              key={question.question_id}
              quizId={quiz.quiz_id}
              question={question}
              mayChange={mayChange}
            />
          ))}
        </ol>
      )}
      {data && data.length > 0 && quiz.status !== 'ended' && (
        <p className="hint">The right answers are shown here once the quiz has ended.</p>
      )}
      {mayChange && (
        <>
          <NewQuestionForm quizId={quiz.quiz_id} />
          <ImportForm quizId={quiz.quiz_id} />
        </>
      )}
    </section>
  );
}

interface ItemProps {
  quizId: string;
  question: Question;
  mayChange: boolean;
}

function QuestionItem({ quizId, question, mayChange }: ItemProps) {
  const refresh = useRefresh(quizId);
  const removal = useMutation({
    mutationFn: () => deleteQuestion(quizId, question.question_id),
    onSettled: refresh,
  });
  return (
    <li className="question-item">
      <div className="question-item-head">
        <p>
          <strong>{question.text}</strong> <small>{count(question.points, 'point')}</small>
        </p>
        {mayChange && (
          <button
            type="button"
            className="plain"
            disabled={removal.isPending}
            aria-label={`Delete: ${question.text}`}
            onClick={() => removal.mutate()}
          >
            Delete
          </button>
        )}
      </div>
      <ul className="question-options">
        {question.options.map((option, index) => (
          <li key={option} className={index === question.correct_answer ? 'is-right' : undefined}>
            <Shape index={index} />
            {option}
            {index === question.correct_answer && <span> ✓ right</span>}
          </li>
        ))}
      </ul>
      {removal.error && <Problem error={removal.error} />}
    </li>
  );
}

const OPTIONS_AT_FIRST = 4;
const OPTIONS_AT_MOST = 10;

function NewQuestionForm({ quizId }: { quizId: string }) {
  const refresh = useRefresh(quizId);
  const form = useRef<HTMLFormElement>(null);
  const [options, setOptions] = useState(OPTIONS_AT_FIRST);
  const [isRightEmpty, setIsRightEmpty] = useState(false);
  const group = useId();
  const adding = useMutation({
    mutationFn: (question: NewQuestion) => addQuestion(quizId, question),
    onSuccess: () => {
      form.current?.reset();
      setOptions(OPTIONS_AT_FIRST);
      form.current?.querySelector('textarea')?.focus();
      return refresh();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const texts = Array.from({ length: options }, (_, index) =>
      String(values.get(`option${index}`) ?? '').trim(),
    );
    const right = texts[Number(values.get('correct'))] ?? '';
    setIsRightEmpty(right === '');
    if (right === '') return;
    const filled = texts.filter((text) => text !== '');
    adding.mutate({
      text: String(values.get('text') ?? '').trim(),
      options: filled,
      correct_answer: filled.indexOf(right),
      points: Number(values.get('points')),
    });
  };
  return (
    <form ref={form} className="sheet form form-wide" onSubmit={submit}>
      <h3>Add a question</h3>
      <TextArea label="Question" name="text" required maxLength={1000} rows={2} />
      <fieldset>
        <legend>Options; mark the right one</legend>
        {Array.from({ length: options }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an option is its place
          <div className="option-input" key={index}>
            <Shape index={index} />
            <input
              name={`option${index}`}
              aria-label={`Option ${LETTERS[index]}`}
              required={index < 2}
              maxLength={200}
            />
            <label className="option-right">
              <input
                type="radio"
                name="correct"
                value={index}
                defaultChecked={index === 0}
                aria-labelledby={`${group}-${index}`}
              />
              <span id={`${group}-${index}`}>
                <span className="unseen">{LETTERS[index]} is </span>right
              </span>
            </label>
          </div>
        ))}
        {options < OPTIONS_AT_MOST && (
          <button type="button" className="plain another" onClick={() => setOptions(options + 1)}>
            Another option
          </button>
        )}
      </fieldset>
      <Field
        label="Points"
        name="points"
        type="number"
        inputMode="numeric"
        min={1}
        max={100}
        defaultValue={10}
        required
      />
      {isRightEmpty && (
        <p className="field-error" role="alert">
          The option marked as right is empty
        </p>
      )}
      {adding.error && <Problem error={adding.error} />}
      <div className="form-actions">
        <button type="submit" className="main" disabled={adding.isPending}>
          Add the question
        </button>
      </div>
    </form>
  );
}

const EXAMPLE = `question,option 1,option 2,option 3,option 4,correct,points
Which planet is red?,Venus,Mars,Jupiter,Saturn,Mars,10`;

function ImportForm({ quizId }: { quizId: string }) {
  const cache = useQueryClient();
  const refresh = useRefresh(quizId);
  const show = useShowNotification();
  const [found, setFound] = useState<Import>();
  const [text, setText] = useState('');
  const importing = useMutation({
    mutationFn: async (questions: NewQuestion[]) => {
      // Some may be there from a try that broke off, the last of them even if its reply was lost.
      const present = await cache.fetchQuery({ ...hostQuestions(quizId), staleTime: 0 });
      const known = new Set(present.questions.map(contentOf));
      let added = 0;
      // One after the other, so that they keep their order.
      for (const [index, question] of questions.entries()) {
        if (!known.has(contentOf(question))) {
          await addQuestion(quizId, question);
          known.add(contentOf(question));
          added++;
        }
        setFound((rest) => rest && { ...rest, questions: questions.slice(index + 1) });
      }
      return { added, known: questions.length - added };
    },
    onSuccess: ({ added, known }) => {
      const rest = known > 0 ? `, ${known} ${known === 1 ? 'was' : 'were'} there already` : '';
      show(`${count(added, 'question')} added${rest}`, 'success');
      setFound(undefined);
      setText('');
    },
    onSettled: refresh,
  });
  const look = (next: string) => {
    setText(next);
    setFound(next.trim() === '' ? undefined : importQuestions(next));
  };
  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (file) look(await file.text());
  };
  return (
    <details className="sheet import">
      <summary>Add many from CSV or JSON</summary>
      <div className="form form-wide">
        <Field
          label="File"
          type="file"
          accept=".csv,.tsv,.json,text/csv,application/json"
          onChange={choose}
        />
        <TextArea
          label="Or paste it"
          rows={5}
          spellCheck={false}
          className="mono"
          placeholder={EXAMPLE}
          value={text}
          onChange={(event) => look(event.target.value)}
          hint="The right one by its number, letter or text. JSON as the API takes it works as well."
        />
        {found && (
          <div className="import-found" role="status">
            {found.problems.length > 0 && (
              <ul className="import-problems">
                {found.problems.slice(0, 10).map((problem) => (
                  <li key={problem}>{problem}</li>
                ))}
                {found.problems.length > 10 && <li>and {found.problems.length - 10} more</li>}
              </ul>
            )}
            {found.questions.length > 0 && (
              <ol className="import-preview">
                {found.questions.slice(0, 5).map(({ text, options, correct_answer }) => (
                  <li key={text}>
                    {text} <strong>{options[correct_answer]}</strong>
                  </li>
                ))}
                {found.questions.length > 5 && <li>and {found.questions.length - 5} more</li>}
              </ol>
            )}
          </div>
        )}
        {importing.error && <Problem error={importing.error} />}
        <div className="form-actions">
          <button
            type="button"
            className="main"
            disabled={!found?.questions.length || importing.isPending}
            onClick={() => found && importing.mutate(found.questions)}
          >
            {importing.isPending
              ? `${found?.questions.length ?? 0} to go…`
              : `Add ${count(found?.questions.length ?? 0, 'question')}`}
          </button>
        </div>
      </div>
    </details>
  );
}

/** What makes two questions the same; the right answer is not shown before the end. */
function contentOf({ text, options, points }: NewQuestion | Question): string {
  // The server normalizes what it keeps.
  return JSON.stringify([text, options, points]).normalize();
}

function useRefresh(quizId: string): () => Promise<void> {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: ['host', 'quiz', quizId] });
}
