/** The bodies of the gateway's HTTP routes, as its own tests write them down. */

export type * from './gen/wire';
