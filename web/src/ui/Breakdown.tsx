/** What is left to say when a part of the page itself breaks. */

import { Component, type ReactNode } from 'react';

interface State {
  isBroken: boolean;
}

export class Breakdown extends Component<{ children: ReactNode }, State> {
  override state: State = { isBroken: false };

  static getDerivedStateFromError(): State {
    return { isBroken: true };
  }

  override render(): ReactNode {
    if (!this.state.isBroken) return this.props.children;
    return (
      <main className="breakdown">
        <h1>This page is broken</h1>
        <p>Your seat and your points are safe with the server.</p>
        <button type="button" className="main" onClick={() => window.location.reload()}>
          Load it again
        </button>
      </main>
    );
  }
}
