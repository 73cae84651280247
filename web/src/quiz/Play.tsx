/** Answering at one's own pace: one question at a time, the verdict at once. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type RefObject, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { isRefused, Refusal } from '@/api/http';
import { ownAnswers, quizQuestions, submitAnswer } from '@/api/quizzes';
import type { Answers, GivenAnswer, Question } from '@/api/wire';
import { randomId } from '@/lib/random';
import { count } from '@/lib/words';
import { Loading, Problem } from '@/ui/states';
import { LETTERS, Shape } from './Shape';
import type { Seat } from './seats';

interface Props {
  seat: Seat;
  /** Which run this is: by its start. */
  run: string | null;
}

export function Play({ seat, run }: Props) {
  const questions = useQuery(quizQuestions(seat, run));
  const answers = useQuery(ownAnswers(seat, run));
  const [chosen, setChosen] = useState<string>();
  const heading = useRef<HTMLHeadingElement>(null);
  // Whoever goes on by keyboard or by ear lands on what is new.
  const goOn = (questionId: string | undefined) => {
    flushSync(() => setChosen(questionId));
    heading.current?.focus();
  };

  if (!questions.data || !answers.data) {
    const error = questions.error ?? answers.error;
    const retry = () => void Promise.all([questions.refetch(), answers.refetch()]);
    return error ? <Problem error={error} retry={retry} /> : <Loading what="the questions" />;
  }
  const given = new Map(answers.data.answers.map((answer) => [answer.question_id, answer]));
  const open = questions.data.filter(({ question_id }) => !given.has(question_id));
  const question = questions.data.find(({ question_id }) => question_id === chosen) ?? open[0];
  if (!question) return <AllAnswered heading={heading} answers={answers.data.answers} />;

  const index = questions.data.indexOf(question);
  const later = [...questions.data.slice(index + 1), ...questions.data.slice(0, index)];
  const next = later.find(({ question_id }) => !given.has(question_id));
  return (
    <section className="sheet play" aria-label="Questions">
      <div className="play-top">
        <p className="play-count">
          Question {index + 1} of {questions.data.length}
        </p>
        <p className="play-points">{count(question.points, 'point')}</p>
      </div>
      <Progress questions={questions.data} given={given} present={question.question_id} />
      <QuestionCard
        key={question.question_id}
        heading={heading}
        seat={seat}
        run={run}
        question={question}
        answer={given.get(question.question_id)}
        // The verdict stays on screen until its reader goes on.
        hold={() => setChosen(question.question_id)}
      />
      <div className="play-foot">
        {next ? (
          <button
            type="button"
            className={given.has(question.question_id) ? 'main' : 'plain'}
            onClick={() => goOn(next.question_id)}
          >
            {given.has(question.question_id) ? 'Next question' : 'Skip for now'}
          </button>
        ) : (
          given.has(question.question_id) && (
            <button type="button" className="main" onClick={() => goOn(undefined)}>
              See how it went
            </button>
          )
        )}
      </div>
    </section>
  );
}

function Progress(props: {
  questions: Question[];
  given: Map<string, GivenAnswer>;
  present: string;
}) {
  return (
    <ol className="progress" aria-hidden="true">
      {props.questions.map(({ question_id }) => {
        const answer = props.given.get(question_id);
        const state = answer ? (answer.correct ? 'right' : 'wrong') : 'open';
        const here = question_id === props.present ? ' progress-here' : '';
        return <li key={question_id} className={`progress-${state}${here}`} />;
      })}
    </ol>
  );
}

interface CardProps extends Props {
  heading: RefObject<HTMLHeadingElement | null>;
  question: Question;
  answer: GivenAnswer | undefined;
  hold: () => void;
}

function QuestionCard({ heading, seat, run, question, answer, hold }: CardProps) {
  const cache = useQueryClient();
  // One id for all tries of one choice: it counts once, however often it is sent.
  const submissions = useRef(new Map<number, string>());
  const submit = useMutation({
    mutationFn: (option: number) => {
      const submissionId = submissions.current.get(option) ?? randomId();
      submissions.current.set(option, submissionId);
      return submitAnswer(seat, { questionId: question.question_id, option, submissionId });
    },
    retry: (tries, error) => tries < 2 && error instanceof Refusal && error.isPassing,
    onMutate: hold,
    onSuccess: ({ correct, points_earned }, option) => {
      const { queryKey } = ownAnswers(seat, run);
      const verdict: GivenAnswer = {
        question_id: question.question_id,
        answer_index: option,
        correct,
        points_earned,
        answered_at: null,
      };
      cache.setQueryData<Answers>(queryKey, (seen) => ({
        quiz_id: seat.quizId,
        answers: [
          ...(seen?.answers ?? []).filter((one) => one.question_id !== question.question_id),
          verdict,
        ],
      }));
      // What is being read may have been so before this answer; this reads it anew instead.
      if (cache.isFetching({ queryKey })) void cache.invalidateQueries({ queryKey });
    },
    onError: (error) => {
      // Answered elsewhere, ended or restarted meanwhile: then other things are on screen soon.
      if (isRefused(error, 'ALREADY_ANSWERED', 'QUIZ_ENDED', 'QUESTION_NOT_FOUND')) {
        void cache.invalidateQueries({ queryKey: ['quiz', seat.quizId] });
      }
    },
  });
  const sent = answer?.answer_index ?? (submit.isPending ? submit.variables : undefined);
  const isTold = submit.error && !isRefused(submit.error, 'ALREADY_ANSWERED');

  return (
    <>
      <h2 ref={heading} tabIndex={-1} className="play-question">
        {question.text}
      </h2>
      <div className="options">
        {question.options.map((text, index) => {
          const mark = markOf(index, sent, answer);
          return (
            <button
              // biome-ignore lint/suspicious/noArrayIndexKey: options never change their order
              key={index}
              type="button"
              className={`option option-${mark}`}
              disabled={submit.isPending || answer !== undefined}
              aria-pressed={index === sent}
              onClick={() => submit.mutate(index)}
            >
              <Shape index={index} />
              <span className="option-text">
                <span className="unseen">{LETTERS[index]}: </span>
                {text}
              </span>
              {mark === 'right' && <span className="option-sign">✓</span>}
              {mark === 'wrong' && <span className="option-sign">✕</span>}
            </button>
          );
        })}
      </div>
      <div role="status" className="verdict">
        {answer && (
          <p className={answer.correct ? 'verdict-right' : 'verdict-wrong'}>
            {answer.correct
              ? `✓ Right! ${count(answer.points_earned, 'point')} for you.`
              : '✕ Not this time.'}
          </p>
        )}
        {submit.isPaused && <p>You are offline. The answer is sent as soon as you are back.</p>}
      </div>
      {isTold && submit.error && (
        <Problem
          error={submit.error}
          {...(submit.variables !== undefined && {
            retry: () => submit.mutate(submit.variables as number),
          })}
        />
      )}
    </>
  );
}

function markOf(index: number, sent: number | undefined, answer: GivenAnswer | undefined) {
  if (index !== sent) return answer || sent !== undefined ? 'other' : 'open';
  if (!answer) return 'sent';
  return answer.correct ? 'right' : 'wrong';
}

function AllAnswered({
  heading,
  answers,
}: Pick<CardProps, 'heading'> & { answers: GivenAnswer[] }) {
  const right = answers.filter(({ correct }) => correct).length;
  return (
    <section className="sheet all-answered">
      <h2 ref={heading} tabIndex={-1}>
        All answered
      </h2>
      <p>
        {right} of {answers.length} right. The board moves until the quiz ends.
      </p>
    </section>
  );
}
