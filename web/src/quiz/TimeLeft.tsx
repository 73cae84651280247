/** How long answers still count. */

import { useNow } from '@/lib/useNow';
import { clock } from '@/lib/words';

export function TimeLeft({ endTime }: { endTime: string }) {
  const seconds = (Date.parse(endTime) - useNow()) / 1000;
  return (
    <span className={seconds < 60 ? 'time-left time-short' : 'time-left'} role="timer">
      {seconds > 0 ? `${clock(seconds)} left` : 'Time is up'}
    </span>
  );
}
