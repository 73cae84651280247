/** A host's desk for one quiz: invite, start, watch, remove a seat, end, results. */

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { Link, useLocation, useParams } from 'wouter';
import {
  deleteQuiz,
  endQuiz,
  laterRows,
  ownQuiz,
  removeParticipant,
  resultsCsv,
  startQuiz,
} from '@/api/host';
import { isRefused } from '@/api/http';
import { ROWS } from '@/api/quizzes';
import type { OwnQuiz } from '@/api/wire';
import { Board } from '@/board/Board';
import { quizRow, type Row } from '@/board/row';
import { count } from '@/lib/words';
import { isLive, StatusLine } from '@/live/StatusLine';
import { useBoardQuery } from '@/live/useBoardQuery';
import { type QuizBoard, useQuizBoard } from '@/live/useQuizBoard';
import { useStatus } from '@/live/useStatus';
import { TimeLeft } from '@/quiz/TimeLeft';
import { useShowNotification } from '@/ui/notifications';
import { Sure } from '@/ui/Sure';
import { Empty, Loading, Problem } from '@/ui/states';
import { STATUS_WORDS } from '@/ui/status';
import { useTitle } from '@/ui/useTitle';
import { HostsOnly } from './HostsOnly';
import { invitation, spaced } from './invitation';
import { QrCode } from './QrCode';
import { Questions } from './Questions';
import './host.css';

export default function DeskPage() {
  return (
    <HostsOnly>
      <Desk />
    </HostsOnly>
  );
}

function Desk() {
  const { id = '' } = useParams();
  const { data: quiz, error, refetch } = useQuery(ownQuiz(id));
  useTitle(quiz?.title ?? 'Quiz');
  if (quiz) return <QuizDesk quiz={quiz} />;
  if (isRefused(error, 'QUIZ_NOT_FOUND', 'NOT_FOUND')) {
    return (
      <Empty>
        <h1>You have no such quiz</h1>
        <Link href="/host" className="button">
          Your quizzes
        </Link>
      </Empty>
    );
  }
  if (error) return <Problem error={error} retry={() => void refetch()} />;
  return <Loading what="the quiz" />;
}

function QuizDesk({ quiz }: { quiz: OwnQuiz }) {
  const live = useQuizBoard(quiz.quiz_id, undefined);
  useStatus(quiz, live.board);

  return (
    <>
      <p className="crumb">
        <Link href="/host">Your quizzes</Link>
      </p>
      <header className="quiz-head">
        <p className="quiz-chips">
          <span className={`chip chip-${quiz.status}`}>{STATUS_WORDS[quiz.status]}</span>
          {quiz.subject && <span className="subject">{quiz.subject}</span>}
          {quiz.status === 'started' && quiz.end_time && <TimeLeft endTime={quiz.end_time} />}
        </p>
        <h1>{quiz.title}</h1>
      </header>
      <Actions quiz={quiz} />
      <div className="desk">
        <div>
          {quiz.status !== 'ended' && <Invite quiz={quiz} />}
          <Watch quiz={quiz} live={live} />
        </div>
        <Questions quiz={quiz} />
      </div>
    </>
  );
}

function Actions({ quiz }: { quiz: OwnQuiz }) {
  const cache = useQueryClient();
  const show = useShowNotification();
  const [, navigate] = useLocation();
  const refresh = async () => {
    await Promise.all([
      cache.invalidateQueries({ queryKey: ['host'] }),
      cache.invalidateQueries({ queryKey: ['quiz', quiz.quiz_id] }),
    ]);
  };
  const start = useMutation({ mutationFn: () => startQuiz(quiz.quiz_id), onSettled: refresh });
  const end = useMutation({ mutationFn: () => endQuiz(quiz.quiz_id), onSettled: refresh });
  const removal = useMutation({
    mutationFn: () => deleteQuiz(quiz.quiz_id),
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: ['host', 'quizzes'] });
      show(`${quiz.title} was deleted`, 'success');
      navigate('/host');
    },
  });
  const results = useMutation({
    mutationFn: () => resultsCsv(quiz.quiz_id),
    onSuccess: (csv) => saveAs(csv, `${quiz.title}.csv`),
  });
  const error = start.error ?? end.error ?? removal.error ?? results.error;
  const hasNone = quiz.total_questions === 0;

  return (
    <>
      <div className="desk-actions">
        {quiz.status === 'pending' && (
          <button
            type="button"
            className="main"
            disabled={start.isPending || hasNone}
            onClick={() => start.mutate()}
          >
            Start the quiz
          </button>
        )}
        {quiz.status === 'started' && (
          <Sure
            className="main"
            question="End it for everybody?"
            yes="End it now"
            onYes={() => end.mutate()}
          >
            End the quiz
          </Sure>
        )}
        <Link href={`/host/${quiz.quiz_id}/screen`} className="button">
          Big screen
        </Link>
        {quiz.status === 'ended' && (
          <>
            <button type="button" disabled={results.isPending} onClick={() => results.mutate()}>
              Results as CSV
            </button>
            <Sure
              question="Scores go back to 0; seats and questions stay."
              yes="Start again"
              onYes={() => start.mutate()}
            >
              Start again
            </Sure>
          </>
        )}
        {quiz.status !== 'started' && (
          <Sure
            className="plain danger"
            question="Its ranking and results go as well."
            yes="Delete it"
            onYes={() => removal.mutate()}
          >
            Delete
          </Sure>
        )}
      </div>
      {quiz.status === 'pending' && hasNone && (
        <p className="hint">Add a question, then it can start.</p>
      )}
      {error && <Problem error={error} />}
    </>
  );
}

function Invite({ quiz }: { quiz: OwnQuiz }) {
  const { url, address, code } = invitation(quiz.join_code);
  const show = useShowNotification();
  // Browsers offer the clipboard on secure pages only; the link can be copied by hand anyway.
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url);
      show('Link copied', 'success');
    } catch {
      show(`The link is ${url}`, 'info');
    }
  };
  return (
    <section className="sheet invite" aria-label="Invite people">
      <QrCode text={url} label={`QR code of ${url}`} />
      <div>
        <p>
          Go to <strong>{address}</strong> and enter
        </p>
        <p className="invite-code">{spaced(code)}</p>
        <button type="button" className="plain" onClick={copy}>
          Copy the link
        </button>
      </div>
    </section>
  );
}

function Watch({ quiz, live }: { quiz: OwnQuiz; live: QuizBoard }) {
  const cache = useQueryClient();
  const heading = useRef<HTMLHeadingElement>(null);
  const [offset, setOffset] = useState(0);
  // Only the first rows are pushed.
  const page = laterRows(quiz.quiz_id, offset);
  const later = useBoardQuery({ ...page, enabled: offset > 0 }, null);
  const { board, link, error } = offset === 0 ? live : later;
  const rows = useMemo(() => board?.leaderboard.map(quizRow) ?? [], [board]);
  const removal = useMutation({
    mutationFn: ({ id }: Row) => removeParticipant(quiz.quiz_id, id),
    onSettled: () => cache.invalidateQueries({ queryKey: page.queryKey }),
  });
  const turnTo = (next: number) => {
    setOffset(next);
    heading.current?.focus();
  };
  return (
    <section>
      <h2 ref={heading} tabIndex={-1}>
        {quiz.status === 'ended' ? 'Results' : 'Ranking'}
      </h2>
      <StatusLine
        link={link}
        timestamp={board?.timestamp}
        isStale={board?.stale ?? false}
        reconnect={offset === 0 ? live.reconnect : undefined}
      />
      {!board && (error ? <Problem error={error} /> : <Loading what="the ranking" />)}
      {removal.error && <Problem error={removal.error} />}
      {board?.total_participants === 0 && (
        <Empty>
          <p>Nobody has joined yet. Show the code.</p>
        </Empty>
      )}
      {board && board.total_participants > 0 && (
        <>
          <Board
            key={offset}
            label="Ranking"
            rows={rows}
            isPast={!isLive(link, board.stale)}
            action={(row) => (
              <span className="row-action">
                <Sure
                  className="plain"
                  label={`Remove ${row.name}`}
                  question="Sure?"
                  yes="Remove"
                  onYes={() => removal.mutate(row)}
                >
                  Remove
                </Sure>
              </span>
            )}
          />
          <Pages offset={offset} shown={rows.length} total={board.total_participants} to={turnTo} />
        </>
      )}
    </section>
  );
}

interface PagesProps {
  offset: number;
  shown: number;
  total: number;
  to: (offset: number) => void;
}

function Pages({ offset, shown, total, to }: PagesProps) {
  const isPart = shown > 0 && shown < total;
  return (
    <p className="board-foot">
      {offset > 0 && (
        <button type="button" className="plain" onClick={() => to(offset - ROWS)}>
          Previous {ROWS}
        </button>
      )}
      <span>
        {isPart && `${offset + 1}–${offset + shown} of `}
        {count(total, 'player')}
      </span>
      {offset + ROWS < total && (
        <button type="button" className="plain" onClick={() => to(offset + ROWS)}>
          Next {ROWS}
        </button>
      )}
    </p>
  );
}

function saveAs(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
