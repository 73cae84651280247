/** The boards of the subjects: sums over all finished quizzes, live. */

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'wouter';
import { subjectRowsAroundMe, subjects } from '@/api/subjects';
import { useUser } from '@/auth/session';
import { Board } from '@/board/Board';
import { gapAhead, subjectRow } from '@/board/row';
import { count } from '@/lib/words';
import { isLive, StatusLine } from '@/live/StatusLine';
import { useSubjectBoard } from '@/live/useSubjectBoard';
import { Empty, Loading, Problem } from '@/ui/states';
import { useTitle } from '@/ui/useTitle';
import './subjects.css';

const NEIGHBOURS = 5;

export default function SubjectsPage() {
  useTitle('Leaderboards');
  const { data, error, refetch } = useQuery(subjects);
  const [search, setSearch] = useSearchParams();
  const chosen = search.get('subject') ?? data?.[0]?.subject;

  return (
    <>
      <h1>Leaderboards</h1>
      {!data && error && <Problem error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading what="the subjects" />}
      {data?.length === 0 && (
        <Empty>
          <p>There are no subjects yet. A host makes one along with a quiz.</p>
        </Empty>
      )}
      {data && data.length > 0 && (
        <nav aria-label="Subjects" className="subject-tabs">
          {data.map(({ subject, name }) => (
            <button
              key={subject}
              type="button"
              className="subject-tab"
              aria-current={subject === chosen || undefined}
              onClick={() => setSearch({ subject }, { replace: true })}
            >
              {name}
            </button>
          ))}
        </nav>
      )}
      {chosen && <SubjectRanking key={chosen} code={chosen} />}
    </>
  );
}

function SubjectRanking({ code }: { code: string }) {
  const user = useUser();
  const { board, error, link, reconnect } = useSubjectBoard(code);
  const me = useQuery({ ...subjectRowsAroundMe(code, 1), enabled: user !== null });
  const ownId = user ? me.data?.leaderboard[0]?.user_id : undefined;
  const rows = useMemo(() => board?.leaderboard.map(subjectRow) ?? [], [board]);
  const isListed = rows.some(({ id }) => id === ownId);
  const around = useQuery({
    ...subjectRowsAroundMe(code, NEIGHBOURS),
    enabled: ownId !== undefined && board !== undefined && !isListed,
    refetchInterval: 5000,
  });
  const neighbours = isListed ? rows : (around.data?.leaderboard.map(subjectRow) ?? []);
  const own = neighbours.find(({ id }) => id === ownId);
  const gap = own && gapAhead(neighbours, own.id);

  if (!board) return error ? <Problem error={error} /> : <Loading what="the leaderboard" />;
  return (
    <section>
      <div className="subject-head">
        <h2>{board.subject_name}</h2>
        <StatusLine link={link} timestamp={board.timestamp} reconnect={reconnect} />
      </div>
      {gap && <p className="subject-gap">You are {gap.charAt(0).toLowerCase() + gap.slice(1)}.</p>}
      {rows.length === 0 ? (
        <Empty>
          <p>Nobody has finished a quiz in {board.subject_name} yet.</p>
        </Empty>
      ) : (
        <Board
          label={`Leaderboard of ${board.subject_name}`}
          rows={rows}
          ownId={ownId}
          own={own}
          isPast={!isLive(link)}
        />
      )}
      <p className="board-foot">
        <span>{count(board.total_users, 'person', 'people')}</span>
        {!user && (
          <span>
            <Link href="/me">Sign in</Link> to see changes the moment they happen.
          </span>
        )}
      </p>
    </section>
  );
}
