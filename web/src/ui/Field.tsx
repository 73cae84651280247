/** A labelled input with its hint and what is wrong with it. */

import { type ComponentProps, type ReactNode, useId } from 'react';

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

export function Field({ label, hint, error, ...input }: Common & ComponentProps<'input'>) {
  const { id, described, notes } = useNotes(hint, error);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        {...input}
        id={id}
        aria-describedby={described}
        aria-invalid={error ? true : undefined}
      />
      {notes}
    </div>
  );
}

export function TextArea({ label, hint, error, ...input }: Common & ComponentProps<'textarea'>) {
  const { id, described, notes } = useNotes(hint, error);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <textarea
        {...input}
        id={id}
        aria-describedby={described}
        aria-invalid={error ? true : undefined}
      />
      {notes}
    </div>
  );
}

export function Select({ label, hint, error, ...input }: Common & ComponentProps<'select'>) {
  const { id, described, notes } = useNotes(hint, error);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select {...input} id={id} aria-describedby={described} />
      {notes}
    </div>
  );
}

export function Check({ label, hint, ...input }: Omit<Common, 'error'> & ComponentProps<'input'>) {
  const { id, described, notes } = useNotes(hint, undefined);
  return (
    <div className="field field-check">
      <input {...input} type="checkbox" id={id} aria-describedby={described} />
      <label htmlFor={id}>{label}</label>
      {notes}
    </div>
  );
}

function useNotes(hint: ReactNode, error: string | undefined) {
  const id = useId();
  const notes = (
    <>
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </>
  );
  const described =
    [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  return { id, described, notes };
}
