/** A button that asks once more before it does what cannot be undone. */

import { type ReactNode, useState } from 'react';

interface Props {
  className?: string;
  label?: string;
  question: string;
  yes: string;
  onYes: () => void;
  children: ReactNode;
}

export function Sure({ className = '', label, question, yes, onYes, children }: Props) {
  // Undefined until it has asked once.
  const [isAsking, setIsAsking] = useState<boolean>();
  if (!isAsking) {
    return (
      <button
        type="button"
        className={className}
        aria-label={label}
        // biome-ignore lint/a11y/noAutofocus: the button takes the place of the one just pressed
        autoFocus={isAsking === false}
        onClick={() => setIsAsking(true)}
      >
        {children}
      </button>
    );
  }
  return (
    <span className="sure">
      <span>{question}</span>
      <button
        type="button"
        className="main"
        // biome-ignore lint/a11y/noAutofocus: the button takes the place of the one just pressed
        autoFocus
        onClick={() => {
          setIsAsking(false);
          onYes();
        }}
      >
        {yes}
      </button>
      <button type="button" className="plain" onClick={() => setIsAsking(false)}>
        Cancel
      </button>
    </span>
  );
}
