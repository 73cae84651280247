/** A quiz as those see it who play it or look on: join, answer, the ranking, the own place. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { Link, useParams } from 'wouter';
import { isRefused } from '@/api/http';
import { ownAnswers, ownQuizPerformance, quizInfo, seatElsewhere } from '@/api/quizzes';
import type { QuizInfo } from '@/api/wire';
import { useUser } from '@/auth/session';
import { Board } from '@/board/Board';
import { Players } from '@/board/Players';
import { quizRow } from '@/board/row';
import { useLasting } from '@/lib/useCalm';
import { count, duration, ordinal } from '@/lib/words';
import { isLive, StatusLine } from '@/live/StatusLine';
import { type QuizBoard, useQuizBoard } from '@/live/useQuizBoard';
import { useStatus } from '@/live/useStatus';
import { useShowNotification } from '@/ui/notifications';
import { Empty, Loading, Problem } from '@/ui/states';
import { STATUS_WORDS } from '@/ui/status';
import { useTitle } from '@/ui/useTitle';
import { JoinForm } from './JoinForm';
import { OwnStanding } from './OwnStanding';
import { Play } from './Play';
import { giveUpSeat, keepSeat, type Seat, useSeat } from './seats';
import { TimeLeft } from './TimeLeft';
import { type OwnRow, useOwnRow } from './useOwnRow';
import './quiz.css';

const SHORT = 10;

export function QuizPage() {
  const { id = '' } = useParams();
  const info = useQuery(quizInfo(id));
  useTitle(info.data?.title ?? 'Quiz');
  if (info.data) return <Quiz key={id} quiz={info.data} />;
  if (isRefused(info.error, 'QUIZ_NOT_FOUND', 'NOT_FOUND')) return <NoSuchQuiz />;
  if (info.error) return <Problem error={info.error} retry={() => void info.refetch()} />;
  return <Loading what="the quiz" />;
}

function NoSuchQuiz() {
  return (
    <Empty>
      <h1>There is no such quiz</h1>
      <p>It may have been deleted, or the address has a mistake in it.</p>
      <Link href="/" className="button">
        Join with a code
      </Link>
    </Empty>
  );
}

function Quiz({ quiz }: { quiz: QuizInfo }) {
  const seat = useSeat(quiz.quiz_id);
  const live = useQuizBoard(quiz.quiz_id, seat);
  const told = useStatus(quiz, live.board);
  // What a start brings, the run and its end, comes with the quiz.
  const status = told === 'started' ? quiz.status : told;
  useSeatElsewhere(quiz, seat);
  useLostSeat(seat, live);
  const isSeated = seat !== undefined;
  const own = useOwnRow(status === 'pending' ? undefined : seat, live);
  const isPlaying = isSeated && status === 'started';

  return (
    <>
      <header className={isPlaying ? 'quiz-head quiz-head-small' : 'quiz-head'}>
        <p className="quiz-chips">
          <span className={`chip chip-${status}`}>{STATUS_WORDS[status]}</span>
          {quiz.subject && (
            <Link href={`/leaderboard?subject=${quiz.subject}`} className="subject">
              {quiz.subject}
            </Link>
          )}
          {status === 'started' && quiz.end_time && <TimeLeft endTime={quiz.end_time} />}
        </p>
        <h1>{quiz.title}</h1>
        {quiz.description && status === 'pending' && <p>{quiz.description}</p>}
        {!isSeated && (
          <p className="quiz-size">
            {count(quiz.total_questions, 'question')} ·{' '}
            {count(live.board?.total_participants ?? quiz.total_participants, 'player')}
          </p>
        )}
      </header>
      <StatusLine
        link={live.link}
        timestamp={live.board?.timestamp}
        isStale={live.board?.stale ?? false}
        reconnect={live.reconnect}
      />
      <div className={isPlaying ? 'quiz quiz-play' : 'quiz'}>
        <div className="quiz-main">
          {isSeated && status !== 'pending' && <Standing own={own} live={live} />}
          {isSeated && status === 'pending' && (
            <section className="sheet">
              <h2>You are in, {seat.username}</h2>
              <p>
                {count(quiz.total_questions, 'question')} wait. It begins here by itself as soon as
                the host starts it.
              </p>
            </section>
          )}
          {isPlaying && <Play key={quiz.started_at} seat={seat} run={quiz.started_at} />}
          {isSeated && status === 'ended' && <HowItWent seat={seat} run={quiz.started_at} />}
          {!isSeated && status !== 'ended' && <JoinForm quiz={quiz} />}
        </div>
        <Ranking seat={seat} live={live} own={own} />
      </div>
    </>
  );
}

/** Whoever has a seat already, from another device, sits in it here too; but not if it was lost. */
function useSeatElsewhere(quiz: QuizInfo, seat: Seat | undefined): void {
  const user = useUser();
  const hasSat = useRef(false);
  if (seat) hasSat.current = true;
  const isWanted = !hasSat.current && quiz.status !== 'ended';
  const { data: joined } = useQuery(seatElsewhere(quiz.quiz_id, isWanted ? user?.id : undefined));
  useEffect(() => {
    if (joined && isWanted) keepSeat(joined);
  }, [joined, isWanted]);
}

/** A seat that is no more, as when the host removed it, is given up with a word about it. */
function useLostSeat(seat: Seat | undefined, live: QuizBoard): void {
  const show = useShowNotification();
  const isDoubtful = useLasting(live.isUnseen || live.link.phase !== 'open', DOUBT_MS);
  const { error } = useQuery({
    ...ownAnswers(seat ?? NO_SEAT, 'doubtful'),
    enabled: seat !== undefined && isDoubtful,
    retry: false,
    gcTime: 0,
  });
  const isLost = isRefused(error, 'NOT_A_PARTICIPANT', 'PARTICIPANT_NOT_FOUND', 'UNAUTHENTICATED');
  useEffect(() => {
    if (!isLost || !seat) return;
    giveUpSeat(seat);
    show('Your seat in this quiz is no more. You can join again.', 'warning');
  }, [isLost, seat, show]);
}

/** Long enough to connect, and for the standing to follow the rows, which it may lag by a second. */
const DOUBT_MS = 3000;
const NO_SEAT: Seat = { quizId: '', participantId: '', username: '', token: '' };

function Standing({ own, live }: { own: OwnRow; live: QuizBoard }) {
  if (!own.row || !live.board) return null;
  return (
    <OwnStanding
      rank={own.row.rank}
      score={own.row.score}
      total={live.board.total_participants}
      gap={own.gap}
    />
  );
}

interface RankingProps {
  seat: Seat | undefined;
  live: QuizBoard;
  own: OwnRow;
}

function Ranking({ seat, live, own }: RankingProps) {
  const [isLong, setIsLong] = useState(false);
  const { board } = live;
  const rows = useMemo(() => board?.leaderboard.map(quizRow) ?? [], [board]);
  const shown = useMemo(() => (isLong ? rows : rows.slice(0, SHORT)), [rows, isLong]);
  return (
    <section className="quiz-board">
      <h2>{board?.status === 'pending' ? 'Who is here' : 'Ranking'}</h2>
      {!board && live.error && <Problem error={live.error} />}
      {!board && !live.error && <Loading what="the ranking" />}
      {board && rows.length === 0 && (
        <Empty>
          <p>Nobody has joined yet.</p>
        </Empty>
      )}
      {board && rows.length > 0 && (
        <>
          {board.status === 'pending' ? (
            <Players rows={rows} total={board.total_participants} ownId={seat?.participantId} />
          ) : (
            <Board
              label="Ranking"
              rows={shown}
              ownId={seat?.participantId}
              own={own.row}
              isPast={!isLive(live.link, board.stale)}
            />
          )}
          <p className="board-foot">
            {rows.length > SHORT && board.status !== 'pending' && (
              <button type="button" className="plain" onClick={() => setIsLong(!isLong)}>
                {isLong ? `Show the first ${SHORT}` : `Show the first ${rows.length}`}
              </button>
            )}
            <span>{count(board.total_participants, 'player')}</span>
          </p>
        </>
      )}
    </section>
  );
}

function HowItWent({ seat, run }: { seat: Seat; run: string | null }) {
  const { data, error } = useQuery(ownQuizPerformance(seat, run));
  if (error) return <Problem error={error} />;
  if (!data) return <Loading what="your result" />;
  return (
    <section className="sheet how-it-went">
      <h2>
        You came {ordinal(data.rank)} of {data.total_participants}
      </h2>
      <dl className="facts">
        <div>
          <dt>Right answers</dt>
          <dd>
            {data.correct} of {data.answered}
          </dd>
        </div>
        <div>
          <dt>Time</dt>
          <dd>{duration(data.duration_seconds)}</dd>
        </div>
        <div>
          <dt>Ahead of or level with</dt>
          <dd>{data.percentile} %</dd>
        </div>
      </dl>
    </section>
  );
}
