/**
 * A WebSocket that comes back: backs off with full jitter, gives up after a few attempts, and
 * finds out when the other side has silently gone. It knows nothing of what is said on it.
 */

/**
 * `idle`: not wanted. `waiting`: lost, dialled again soon. `offline`: the device has no network.
 * `exhausted`: gave up until something gives hope. `signed-out`: needs a new sign-in.
 * `gone`: what it followed was deleted.
 */
export type Phase =
  | 'idle'
  | 'connecting'
  | 'open'
  | 'waiting'
  | 'offline'
  | 'exhausted'
  | 'signed-out'
  | 'gone';

/** How a connection stands; `attempt` counts the dials since it was lost, at most `ATTEMPTS`. */
export interface State {
  phase: Phase;
  attempt: number;
}

/** Where to connect and with which subprotocols. */
export interface Target {
  url: string;
  protocols?: string[];
}

/** What a connection needs from its user. The last two exist for tests. */
export interface Plan {
  /** Called for each dial; `refused` after a token was turned down. `null`: nobody is signed in. */
  dial(refused: boolean): Target | null | Promise<Target | null>;
  onOpen?(): void;
  onMessage(message: unknown): void;
  onState?(state: State): void;
  /** Finds out whether the other side is there: by an answer on the socket, or by `alive()`. */
  probe(alive: () => void): void;
  random?: () => number;
  WebSocket?: typeof WebSocket;
}

/** A connection that looks after itself between `open` and `close`. */
export interface Connection {
  readonly state: State;
  /** Dials at once, with all attempts ahead: the first time, and whenever a person asks. */
  open(): void;
  /** Says goodbye with code 1000 and stays closed. */
  close(reason?: string): void;
  /** Sends if connected, otherwise forgets. */
  send(message: object): void;
}

/** Dials in a row before it gives up. */
export const ATTEMPTS = 5;

const CONNECT_MS = 8_000;
const SETTLED_MS = 5_000;
const SILENCE_MS = 60_000;
const PROBE_MS = 5_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;

/** Makes a connection; it does nothing before `open`. */
export function connection(plan: Plan): Connection {
  const { random = Math.random, WebSocket: Socket = globalThis.WebSocket } = plan;
  let state: State = { phase: 'idle', attempt: 0 };
  let attempt = 0;
  let refused = false;
  let socket: WebSocket | undefined;
  let watching: AbortController | undefined;
  let next: Timer;
  let settled: Timer;
  let silence: Timer;
  // What was begun before the last `drop` belongs to the past and is ignored.
  let generation = 0;

  function become(phase: Phase): void {
    state = { phase, attempt };
    plan.onState?.(state);
  }

  function drop(reason?: string): void {
    generation++;
    for (const timer of [next, settled, silence]) clearTimeout(timer);
    socket?.close(1000, reason);
    socket = undefined;
  }

  async function dial(): Promise<void> {
    drop();
    if (isOffline()) return become('offline');
    const mine = generation;
    become('connecting');
    next = setTimeout(lost, CONNECT_MS);
    const target = await Promise.resolve(plan.dial(refused)).catch(() => undefined);
    if (mine !== generation) return;
    if (target === undefined) return lost();
    if (target === null) return leave('signed-out');

    socket = new Socket(target.url, target.protocols);
    socket.onopen = () => {
      if (mine !== generation) return;
      clearTimeout(next);
      settled = setTimeout(() => {
        attempt = 0;
        refused = false;
      }, SETTLED_MS);
      heard();
      become('open');
      plan.onOpen?.();
    };
    socket.onmessage = ({ data }) => {
      if (mine !== generation) return;
      heard();
      const message = parse(data);
      if (message) plan.onMessage(message);
    };
    socket.onclose = ({ code, reason }) => {
      if (mine === generation) lost(code, reason);
    };
  }

  function lost(code?: number, reason = ''): void {
    drop();
    if (code === 4404) return leave('gone');
    if (code === 4401) {
      if (refused) return leave('signed-out');
      refused = true;
      return void dial();
    }
    if (isOffline()) return become('offline');
    if (attempt === ATTEMPTS) return become('exhausted');
    const asked = /retry_after_ms=(\d+)/.exec(reason)?.[1];
    const delay = asked ? Number(asked) : random() * FIRST_DELAY_MS * 2 ** attempt;
    attempt++;
    become('waiting');
    next = setTimeout(dial, Math.min(delay, LONGEST_DELAY_MS));
  }

  function leave(phase: Phase, reason?: string): void {
    drop(reason);
    watching?.abort();
    watching = undefined;
    become(phase);
  }

  function heard(): void {
    clearTimeout(silence);
    silence = setTimeout(probe, SILENCE_MS);
  }

  function probe(): void {
    const mine = generation;
    clearTimeout(silence);
    silence = setTimeout(lost, PROBE_MS);
    plan.probe(() => mine === generation && heard());
  }

  /** Something gives hope: look whether the connection lives, or dial with all attempts ahead. */
  function hope(): void {
    if (state.phase === 'open') return probe();
    if (state.phase !== 'connecting') open();
  }

  function open(): void {
    attempt = 0;
    refused = false;
    watch();
    void dial();
  }

  function watch(): void {
    if (watching) return;
    watching = new AbortController();
    const { signal } = watching;
    globalThis.addEventListener?.('online', hope, { signal });
    globalThis.addEventListener?.('offline', () => lost(), { signal });
    const page = globalThis.document;
    page?.addEventListener('visibilitychange', () => page.hidden || hope(), { signal });
  }

  return {
    get state() {
      return state;
    },
    open,
    close: (reason) => leave('idle', reason),
    send(message) {
      if (state.phase === 'open') socket?.send(JSON.stringify(message));
    },
  };
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Only the `false` of `onLine` can be trusted. */
function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** The object in a text message; anything else is nothing. */
function parse(data: unknown): object | undefined {
  try {
    const value: unknown = JSON.parse(String(data));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
