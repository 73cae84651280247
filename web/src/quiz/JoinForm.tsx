/** Taking a seat: a name is enough. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { Link } from 'wouter';
import { isRefused } from '@/api/http';
import { join } from '@/api/quizzes';
import type { QuizInfo } from '@/api/wire';
import { signOut, useHasRunOut, useUser } from '@/auth/session';
import { randomId } from '@/lib/random';
import { Field } from '@/ui/Field';
import { Problem } from '@/ui/states';
import { keepSeat } from './seats';

export function JoinForm({ quiz }: { quiz: QuizInfo }) {
  const user = useUser();
  return useHasRunOut() ? (
    <NoLongerSignedIn />
  ) : (
    <ByName key={user?.id} quiz={quiz} usual={user?.name ?? ''} />
  );
}

/** A seat of nobody's adds up with no others, so nobody gets one without knowing. */
function NoLongerSignedIn() {
  return (
    <section className="sheet form join-form">
      <h2>Take a seat</h2>
      <p>You are no longer signed in. Without that, this quiz does not count among your results.</p>
      <div className="form-actions">
        <Link href="/me" className="button main">
          To the sign-in
        </Link>
        <button type="button" className="plain" onClick={signOut}>
          Go on without
        </button>
      </div>
    </section>
  );
}

function ByName({ quiz, usual }: { quiz: QuizInfo; usual: string }) {
  const cache = useQueryClient();
  const [name, setName] = useState(usual);
  // One id for all tries with one name: a lost reply does not make a second seat.
  const tries = useRef(new Map<string, string>());
  const joining = useMutation({
    mutationFn: (username: string) => {
      const id = tries.current.get(username) ?? randomId();
      tries.current.set(username, id);
      return join(quiz.quiz_id, username, id);
    },
    onSuccess: (joined) => {
      keepSeat(joined);
      void cache.invalidateQueries({ queryKey: ['quiz', quiz.quiz_id, 'info'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    joining.mutate(name.trim());
  };
  const isTaken = isRefused(joining.error, 'USERNAME_TAKEN');
  return (
    <form className="sheet form join-form" onSubmit={submit}>
      <h2>{quiz.status === 'started' ? 'Already running, you can still join' : 'Take a seat'}</h2>
      <Field
        label="Your name on the board"
        autoComplete="nickname"
        required
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={isTaken ? 'Somebody here has this name already. Choose another.' : undefined}
      />
      {joining.error && !isTaken && <Problem error={joining.error} />}
      <button type="submit" className="main" disabled={joining.isPending}>
        {joining.isPending ? 'Joining…' : 'Join the quiz'}
      </button>
    </form>
  );
}
