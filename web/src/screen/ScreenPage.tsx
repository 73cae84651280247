/** The big screen: how to get in, the first ten to be read from afar, the podium at the end. */

import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { Link, useParams } from 'wouter';
import { ownQuiz } from '@/api/host';
import type { OwnQuiz } from '@/api/wire';
import { Board } from '@/board/Board';
import { Players } from '@/board/Players';
import { quizRow } from '@/board/row';
import { HostsOnly } from '@/host/HostsOnly';
import { invitation, spaced } from '@/host/invitation';
import { QrCode } from '@/host/QrCode';
import { stored, useStored } from '@/lib/stored';
import { useWakeLock } from '@/lib/useWakeLock';
import { count } from '@/lib/words';
import { isLive, StatusLine } from '@/live/StatusLine';
import { type QuizBoard, useQuizBoard } from '@/live/useQuizBoard';
import { useStatus } from '@/live/useStatus';
import { TimeLeft } from '@/quiz/TimeLeft';
import { Loading, Problem } from '@/ui/states';
import { useTitle } from '@/ui/useTitle';
import { Podium } from './Podium';
import { Roll } from './Roll';
import { useIdle } from './useIdle';
import './screen.css';

const SHOWN = 10;

interface Wishes {
  scheme: 'light' | 'dark' | null;
  isHidden: boolean;
  hasSound: boolean;
}

const wishes = stored<Wishes>('scorecast.screen', {
  scheme: null,
  isHidden: false,
  hasSound: false,
});

export default function ScreenPage() {
  return (
    <HostsOnly>
      <Screen />
    </HostsOnly>
  );
}

function Screen() {
  const { id = '' } = useParams();
  const { data: quiz, error, refetch } = useQuery(ownQuiz(id));
  useTitle(quiz?.title ?? 'Big screen');
  if (quiz) return <QuizScreen quiz={quiz} />;
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  return <Loading what="the quiz" />;
}

function QuizScreen({ quiz }: { quiz: OwnQuiz }) {
  const live = useQuizBoard(quiz.quiz_id, undefined);
  const { scheme, isHidden, hasSound } = useStored(wishes);
  const isIdle = useIdle(3000);
  useWakeLock();
  const frame = useRef<HTMLDivElement>(null);
  const status = useStatus(quiz, live.board);

  return (
    <div
      ref={frame}
      className={isIdle ? 'screen screen-idle' : 'screen'}
      data-scheme={scheme ?? undefined}
    >
      <header className="screen-top">
        <h1>{quiz.title}</h1>
        {status === 'started' && quiz.end_time && <TimeLeft endTime={quiz.end_time} />}
      </header>
      <main className="screen-main">
        {status === 'ended' ? (
          <Ended live={live} hasSound={hasSound} run={`${quiz.quiz_id} ${quiz.started_at}`} />
        ) : (
          <Running live={live} isHidden={isHidden} />
        )}
        {status !== 'ended' && <Invite code={quiz.join_code} isLarge={status === 'pending'} />}
      </main>
      <footer className="screen-foot">
        <StatusLine
          link={live.link}
          timestamp={live.board?.timestamp}
          isStale={live.board?.stale ?? false}
          reconnect={live.reconnect}
        />
        <div className="screen-controls">
          <button type="button" onClick={() => void toggleFullScreen(frame.current)}>
            Full screen
          </button>
          <button type="button" onClick={() => wish({ scheme: otherScheme(scheme) })}>
            {otherScheme(scheme) === 'dark' ? 'Dark' : 'Light'}
          </button>
          <button
            type="button"
            aria-pressed={isHidden}
            onClick={() => wish({ isHidden: !isHidden })}
          >
            Ranking only at the end
          </button>
          <button
            type="button"
            aria-pressed={hasSound}
            onClick={() => wish({ hasSound: !hasSound })}
          >
            Sound
          </button>
          <Link href={`/host/${quiz.quiz_id}`} className="button">
            Back to the desk
          </Link>
        </div>
      </footer>
    </div>
  );
}

function Running({
  live: { board, link, error },
  isHidden,
}: {
  live: QuizBoard;
  isHidden: boolean;
}) {
  const all = useMemo(() => board?.leaderboard.map(quizRow) ?? [], [board]);
  const rows = useMemo(() => all.slice(0, SHOWN), [all]);
  if (!board) return error ? <Problem error={error} /> : <Loading what="the ranking" />;
  if (rows.length === 0) return <p className="screen-word">Who comes first?</p>;
  if (board.status === 'pending') {
    return (
      <section className="screen-players">
        <h2>{count(board.total_participants, 'player')} ready</h2>
        <Players rows={all} total={board.total_participants} />
      </section>
    );
  }
  if (isHidden && board.status === 'started') {
    return (
      <p className="screen-word">
        {count(board.total_participants, 'player')}. Who leads is shown at the end.
      </p>
    );
  }
  return (
    <section className="screen-board">
      <Board label="The first ten" rows={rows} isPast={!isLive(link, board.stale)} />
      <p className="screen-count">{count(board.total_participants, 'player')}</p>
    </section>
  );
}

function Ended({ live, hasSound, run }: { live: QuizBoard; hasSound: boolean; run: string }) {
  const [isRolling, setIsRolling] = useState(false);
  const rows = useMemo(() => live.board?.leaderboard.map(quizRow) ?? [], [live.board]);
  if (!live.board) return <Loading what="the results" />;
  if (rows.length === 0) return <p className="screen-word">Nobody took part.</p>;
  return (
    <section className="screen-ended">
      {isRolling ? (
        <Roll rows={rows} total={live.board.total_participants} />
      ) : (
        <Podium rows={rows} hasSound={hasSound} run={run} />
      )}
      <button type="button" className="plain" onClick={() => setIsRolling(!isRolling)}>
        {isRolling ? 'Back to the podium' : 'Everybody’s places'}
      </button>
    </section>
  );
}

function Invite({ code, isLarge }: { code: string; isLarge: boolean }) {
  const { url, address } = invitation(code);
  return (
    <aside className={isLarge ? 'screen-invite screen-invite-large' : 'screen-invite'}>
      <QrCode text={url} label={`QR code of ${url}`} />
      <p>
        Go to <strong>{address}</strong>
        <br />
        and enter
      </p>
      <p className="screen-code">{spaced(code)}</p>
    </aside>
  );
}

function wish(change: Partial<Wishes>): void {
  wishes.set({ ...wishes.get(), ...change });
}

function otherScheme(scheme: Wishes['scheme']): 'light' | 'dark' {
  const present =
    scheme ?? (window.matchMedia?.('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  return present === 'dark' ? 'light' : 'dark';
}

async function toggleFullScreen(element: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element?.requestFullscreen?.();
}
