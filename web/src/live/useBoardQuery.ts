/** A board's query, asked for again and again only while no socket feeds it. */

import type { Phase, State, Version } from '@scorecast/client';
import {
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
} from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { connecting, disconnected, type Link, offline, POLL_SECONDS, polling } from './link';

export interface FollowedBoard<Board> {
  board: Board | undefined;
  /** Why there is no board. */
  error: Error | null;
  link: Link;
}

const GIVEN_UP: Phase[] = ['exhausted', 'signed-out'];

/**
 * Reads a board; `socket` is the state of what feeds it, `null` if nothing does. Where sockets do
 * not get through, as behind some schools' proxies, asking keeps the board right.
 */
export function useBoardQuery<Board extends Version, Key extends QueryKey>(
  options: UseQueryOptions<Board, Error, Board, Key>,
  socket: State | null,
): FollowedBoard<Board> {
  const hasGivenUp = socket === null || GIVEN_UP.includes(socket.phase);
  const isDialling = socket?.phase === 'waiting' || socket?.phase === 'connecting';
  const isLost = hasGivenUp || (isDialling && socket.attempt > 0);
  const query = useQuery({ ...options, refetchInterval: isLost ? POLL_SECONDS * 1000 : false });

  const [givenUpAt, setGivenUpAt] = useState(0);
  useEffect(() => setGivenUpAt(hasGivenUp ? Date.now() : 0), [hasGivenUp]);
  const asking = linkByAsking(query);
  const isAskedFor = asking === polling && hasGivenUp && query.dataUpdatedAt > givenUpAt;

  return {
    board: query.data,
    error: query.error,
    link: socket === null || isAskedFor ? asking : socket,
  };
}

/** How asking goes. A first failure counts, though the query itself tries again twice. */
function linkByAsking({ data, isPaused, isError, failureCount }: UseQueryResult): Link {
  if (isPaused) return offline;
  if (isError || failureCount > 0) return disconnected;
  return data === undefined ? connecting : polling;
}
