/** One request to the gateway, and what may go wrong with it. */

import { heardServerTime } from '@/lib/clock';
import { gateway } from '@/settings';

/** Longer than the gateway's own deadlines, so that its words win. */
const DEADLINE_MS = 15_000;

/** Why a request was not carried out: the gateway's sentence and code, or that it was not reached. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same request may succeed in a moment. */
  get isPassing(): boolean {
    return ['UNREACHABLE', 'UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RATE_LIMITED'].includes(this.code);
  }
}

/** Whether a failure is the gateway's refusal with one of these codes. */
export function isRefused(error: unknown, ...codes: string[]): error is Refusal {
  return error instanceof Refusal && codes.includes(error.code);
}

export interface Details {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  token?: string | null | undefined;
  signal?: AbortSignal;
}

/** Sends a request; throws a `Refusal` unless it was carried out. */
export async function send(path: string, details: Details = {}): Promise<Response> {
  const { method = 'GET', body, token, signal } = details;
  const headers = new Headers({ accept: 'application/json' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (token) headers.set('authorization', `Bearer ${token}`);

  const deadline = AbortSignal.timeout(DEADLINE_MS);
  let response: Response;
  try {
    response = await fetch(new URL(path, gateway), {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, 'UNREACHABLE', 'Scorecast cannot be reached');
  }
  heardServerTime(response.headers.get('date'));
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Sends a request and reads the JSON of the reply. */
export async function request<T>(path: string, details?: Details): Promise<T> {
  const response = await send(path, details);
  return response.status === 204 ? (undefined as T) : response.json();
}

async function refusal(response: Response): Promise<Refusal> {
  const { error, code } = await response.json().catch(() => ({}));
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new Refusal(
    response.status,
    typeof code === 'string' ? code : 'UNEXPECTED',
    typeof error === 'string' ? sentence(error) : `The server answered ${response.status}`,
    Number.isFinite(wait) ? wait : undefined,
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
