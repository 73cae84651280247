/** How I did: in each quiz, in each subject, over time. */

import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { ownPerformance } from '@/api/subjects';
import type { OwnPerformance } from '@/api/wire';
import { SignIn } from '@/auth/SignIn';
import { signOut, useUser } from '@/auth/session';
import { useConnection, useWebSocketActions } from '@/contexts/WebSocketContext';
import { clock, count, ordinal } from '@/lib/words';
import { StatusLine } from '@/live/StatusLine';
import { Empty, Loading, Problem } from '@/ui/states';
import { useTitle } from '@/ui/useTitle';
import { Chart } from './Chart';
import './me.css';

export default function MePage() {
  const user = useUser();
  useTitle(user?.name ?? 'Sign in');
  if (!user) {
    return (
      <>
        <h1>Sign in</h1>
        <p>So that your results of many quizzes add up, and boards move the moment they change.</p>
        <SignIn as="player" />
      </>
    );
  }
  return (
    <>
      <header className="me-head">
        <h1>{user.name}</h1>
        <button type="button" className="plain" onClick={signOut}>
          Sign out
        </button>
      </header>
      <Live />
      <Performance />
    </>
  );
}

function Live() {
  const connection = useConnection();
  const { reconnect } = useWebSocketActions();
  return <StatusLine link={connection} reconnect={reconnect} />;
}

function Performance() {
  const { data, error, refetch } = useQuery(ownPerformance);
  if (!data) {
    return error ? (
      <Problem error={error} retry={() => void refetch()} />
    ) : (
      <Loading what="your results" />
    );
  }
  if (data.quizzes.length > 0) return <Results performance={data} />;
  return (
    <Empty>
      <p>You have not finished a quiz yet. Results appear here by themselves.</p>
      <Link href="/" className="button">
        Find a quiz
      </Link>
    </Empty>
  );
}

function Results({ performance: { quizzes, subjects } }: { performance: OwnPerformance }) {
  return (
    <>
      <section className="sheet">
        <h2>Over time</h2>
        <Chart quizzes={quizzes} />
      </section>
      {subjects.length > 0 && (
        <section>
          <h2>Subjects</h2>
          <ul className="cards">
            {subjects.map((subject) => (
              <li key={subject.subject} className="card">
                <Link href={`/leaderboard?subject=${subject.subject}`}>{subject.subject_name}</Link>
                <p className="card-large">
                  {ordinal(subject.rank)} <small>of {subject.total_users}</small>
                </p>
                <p className="card-small">
                  {count(subject.total_score, 'point')} in{' '}
                  {count(subject.quiz_count, 'quiz', 'quizzes')}, best {subject.best_score}, on
                  average {Math.round(subject.average_score * 10) / 10}
                </p>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h2>Quizzes</h2>
        <div className="table-frame">
          <table>
            <thead>
              <tr>
                <th scope="col">Quiz</th>
                <th scope="col" className="number">
                  Points
                </th>
                <th scope="col" className="number">
                  Place
                </th>
                <th scope="col" className="number">
                  Right
                </th>
                <th scope="col" className="number">
                  Time
                </th>
              </tr>
            </thead>
            <tbody>
              {quizzes.map((quiz) => (
                <tr key={quiz.quiz_id}>
                  <th scope="row">
                    <Link href={`/quizzes/${quiz.quiz_id}`}>{quiz.title}</Link>
                  </th>
                  <td className="number">{quiz.score}</td>
                  <td className="number">
                    {quiz.rank} of {quiz.total_participants}
                  </td>
                  <td className="number">
                    {quiz.correct} of {quiz.answered}
                  </td>
                  <td className="number">{clock(quiz.duration_seconds)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </>
  );
}
