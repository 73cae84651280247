/**
 * What the gateway says and hears on its sockets, as its own tests write it down. Shapes only;
 * nothing here runs.
 */

export type * from './gen/messages.ts';

/** Which state of a board this is: versions compare within one epoch, a greater epoch wins. */
export interface Version {
  version: number;
  epoch: number;
}
