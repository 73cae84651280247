/** Whether things may move: not for people who asked their device for less, nor unseen. */
export function mayMove(): boolean {
  return !document.hidden && !window.matchMedia?.('(prefers-reduced-motion: reduce)').matches;
}
