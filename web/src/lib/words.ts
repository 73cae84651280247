/** Numbers and times as people say them. */

/** `1` → `1st`. */
export function ordinal(rank: number): string {
  const suffixes: Record<string, string> = { one: 'st', two: 'nd', few: 'rd' };
  return `${rank}${suffixes[ordinalRules.select(rank)] ?? 'th'}`;
}

/** `1`, `point` → `1 point`; `2` → `2 points`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? singular : plural}`;
}

/** `754` seconds → `12:34`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const pair = (part: number) => String(part).padStart(2, '0');
  return hours > 0
    ? `${hours}:${pair(minutes)}:${pair(whole % 60)}`
    : `${minutes}:${pair(whole % 60)}`;
}

/** `754` seconds → `12 min 34 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
}

/** How long ago, in the largest unit that fits. */
export function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 2) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return `${Math.floor(seconds / 3600)} h ago`;
}

/** The time of day of a moment, as `14:03:12`. */
export function timeOfDay(moment: string | number): string {
  return new Date(moment).toLocaleTimeString('en-GB');
}

const ordinalRules = new Intl.PluralRules('en', { type: 'ordinal' });
