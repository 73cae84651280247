/** A socket without a network: the test plays the server. */

/** Stands where `WebSocket` would; the test plays the server. */
export class FakeSocket {
  static dialled: FakeSocket[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number; reason: string }) => void;
  sent: Record<string, unknown>[] = [];
  closed?: { code: number; reason: string | undefined };

  readonly url: string;
  readonly protocols: string[] | undefined;

  constructor(url: string, protocols?: string[]) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.dialled.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code: number, reason?: string): void {
    this.closed = { code, reason };
  }

  accepts(): this {
    this.onopen?.();
    return this;
  }

  says(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }

  breaks(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }
}
