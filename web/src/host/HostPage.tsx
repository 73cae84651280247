/** A host's quizzes, and making a new one. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { ownQuizzes } from '@/api/host';
import type { OwnQuiz } from '@/api/wire';
import { count } from '@/lib/words';
import { Empty, Loading, Problem } from '@/ui/states';
import { STATUS_WORDS } from '@/ui/status';
import { useTitle } from '@/ui/useTitle';
import { HostsOnly } from './HostsOnly';
import { NewQuiz } from './NewQuiz';
import './host.css';

export default function HostPage() {
  useTitle('Host');
  return (
    <HostsOnly>
      <OwnQuizzes />
    </HostsOnly>
  );
}

function OwnQuizzes() {
  const { data, error, refetch } = useQuery(ownQuizzes);
  const [isMaking, setIsMaking] = useState(false);
  const open = data?.quizzes.filter(({ status }) => status !== 'ended') ?? [];
  const ended = data?.quizzes.filter(({ status }) => status === 'ended') ?? [];
  return (
    <>
      <header className="host-head">
        <h1>Your quizzes</h1>
        {!isMaking && (
          <button type="button" className="main" onClick={() => setIsMaking(true)}>
            New quiz
          </button>
        )}
      </header>
      {isMaking && <NewQuiz cancel={() => setIsMaking(false)} />}
      {!data && error && <Problem error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading what="your quizzes" />}
      {data?.quizzes.length === 0 && !isMaking && (
        <Empty>
          <p>You have no quiz yet. The first takes about two minutes.</p>
        </Empty>
      )}
      <QuizList title="Open" quizzes={open} />
      <QuizList title="Ended" quizzes={ended} />
    </>
  );
}

function QuizList({ title, quizzes }: { title: string; quizzes: OwnQuiz[] }) {
  if (quizzes.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <ul className="quiz-list">
        {quizzes.map((quiz) => (
          <li key={quiz.quiz_id}>
            <Link href={`/host/${quiz.quiz_id}`} className="quiz-card">
              <span className={`chip chip-${quiz.status}`}>{STATUS_WORDS[quiz.status]}</span>
              <strong>{quiz.title}</strong>
              <span className="quiz-card-foot">
                {quiz.subject && <span className="subject">{quiz.subject}</span>}
                {count(quiz.total_questions, 'question')} ·{' '}
                {count(quiz.total_participants, 'player')} · {quiz.duration_minutes} min
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
