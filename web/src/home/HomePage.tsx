/** The way in: by the code on the screen, or by the list of open quizzes. */

import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useLocation, useSearchParams } from 'wouter';
import { openQuizzes, quizByCode } from '@/api/quizzes';
import type { QuizInfo } from '@/api/wire';
import { count } from '@/lib/words';
import { useSeats } from '@/quiz/seats';
import { Empty, Loading, Problem } from '@/ui/states';
import { STATUS_WORDS } from '@/ui/status';
import { useTitle } from '@/ui/useTitle';
import './home.css';

export function HomePage() {
  useTitle('');
  return (
    <>
      <section className="hero">
        <div className="hero-way">
          <h1>Who is on top?</h1>
          <p className="hero-words">Join a quiz, answer, and watch the board move.</p>
          <JoinByCode />
        </div>
        <Picture />
      </section>
      <OpenQuizzes />
    </>
  );
}

/** A podium that sends out its scores. */
function Picture() {
  return (
    <svg className="hero-picture" viewBox="0 0 336 300" aria-hidden="true">
      <path d="M128 96a57 57 0 0 1 80 0M103 69a94 94 0 0 1 130 0M80 41a128 128 0 0 1 176 0" />
      <rect className="step-fill" x="8" y="186" width="100" height="114" rx="10" />
      <rect className="step-first" x="118" y="126" width="100" height="174" rx="10" />
      <rect className="step-fill" x="228" y="224" width="100" height="76" rx="10" />
      <text x="58" y="240">
        2
      </text>
      <text className="on-first" x="168" y="180">
        1
      </text>
      <text x="278" y="276">
        3
      </text>
    </svg>
  );
}

function JoinByCode() {
  const [search] = useSearchParams();
  const scanned = search.get('join') ?? '';
  const [code, setCode] = useState(scanned);
  const [, navigate] = useLocation();
  const find = useMutation({
    mutationFn: (code: string) => quizByCode(code),
    onSuccess: ({ quiz_id }) => navigate(`/quizzes/${quiz_id}`, { replace: scanned !== '' }),
  });
  const { mutate } = find;

  // Whoever scanned the code has already said where to go.
  useEffect(() => {
    if (/^\d{6}$/.test(scanned)) mutate(scanned);
  }, [scanned, mutate]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate(code);
  };
  const isWrong = find.error !== null;
  return (
    <form className="join-code" onSubmit={submit}>
      <label htmlFor="code">Code from the screen</label>
      <div className="join-code-line">
        <input
          id="code"
          inputMode="numeric"
          autoComplete="off"
          pattern="[0-9]{6}"
          title="6 digits"
          maxLength={6}
          required
          placeholder="000000"
          value={code}
          aria-invalid={isWrong || undefined}
          aria-describedby={isWrong ? 'code-error' : undefined}
          onChange={(event) => setCode(event.target.value.replace(/\D/g, ''))}
        />
        <button type="submit" className="main" disabled={find.isPending}>
          Join
        </button>
      </div>
      {find.error && (
        <p className="field-error" id="code-error" role="alert">
          {find.error.message}. Compare the code with the one on the screen.
        </p>
      )}
    </form>
  );
}

function OpenQuizzes() {
  const { data, error, refetch } = useQuery(openQuizzes);
  const seats = new Set(useSeats().map(({ quizId }) => quizId));
  if (!data) {
    return error ? (
      <Problem error={error} retry={() => void refetch()} />
    ) : (
      <Loading what="the open quizzes" />
    );
  }
  const { open, ended } = data;
  return (
    <>
      <section>
        <h2>Open now</h2>
        {open.length === 0 ? (
          <Empty>
            <p>
              No quiz is open at the moment. With a code you get into those that are not listed.
            </p>
          </Empty>
        ) : (
          <QuizList quizzes={open} seats={seats} />
        )}
      </section>
      {ended.length > 0 && (
        <section>
          <h2>Lately finished</h2>
          <QuizList quizzes={ended} seats={seats} />
        </section>
      )}
    </>
  );
}

function QuizList({ quizzes, seats }: { quizzes: QuizInfo[]; seats: Set<string> }) {
  return (
    <ul className="quiz-list">
      {quizzes.map((quiz) => (
        <li key={quiz.quiz_id}>
          <Link href={`/quizzes/${quiz.quiz_id}`} className="quiz-card">
            <span className={`chip chip-${quiz.status}`}>{STATUS_WORDS[quiz.status]}</span>
            <strong>{quiz.title}</strong>
            {quiz.description && <span className="quiz-card-text">{quiz.description}</span>}
            <span className="quiz-card-foot">
              {quiz.subject && <span className="subject">{quiz.subject}</span>}
              {count(quiz.total_questions, 'question')} · {count(quiz.total_participants, 'player')}
              {seats.has(quiz.quiz_id) && <span className="quiz-card-seat">your seat is kept</span>}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
