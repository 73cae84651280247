/** The server's time, for devices whose clock is wrong. */

let offsetMs = 0;

/** Takes in the `Date` of a response, which is exact to a second. */
export function heardServerTime(date: string | null): void {
  const offset = Date.parse(date ?? '') - Date.now();
  // Below two seconds the header's own coarseness and the way here explain it.
  if (Number.isFinite(offset)) offsetMs = Math.abs(offset) < 2000 ? 0 : offset;
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}
