import type { Position, Publication, Since } from '@thrum/protocol';
import type { LogPage } from '../ports/broker.ts';

/** What a subscription starts with. */
export interface Start {
  /** For the `subscribed` frame: where the stream that follows begins. */
  readonly position: Position;
  readonly recovered: boolean;
  /** To send after `subscribed`, offsets +1 from `position`. */
  readonly publications: readonly Publication[];
  /** Not all of it: what follows is still to be read. */
  readonly partial?: true;
  /** The last offset sent or skipped: live goes on at the next one. */
  readonly offset: number;
}

/**
 * Joins what was read from the log with what arrived live during the reading (PROTOCOL.md §14).
 * Returns `undefined` when the two do not meet without a hole, or lie in different epochs: the log must be read again.
 * With `room` at most so many are sent now, and there is no end to how far a recovery reaches (PROTOCOL.md §7).
 */
export function merge(
  page: LogPage,
  buffered: readonly Publication[],
  since: Since | undefined,
  maxRecovery: number,
  room?: number,
): Start | undefined {
  if (room === undefined) return meet(page, buffered, since, maxRecovery);
  const start = part(page, since) ?? meet(page, buffered, since, Infinity);
  return start && firstOf(start, room);
}

/** The same with at most so many publications to send now. */
export function firstOf(start: Start, count: number): Start {
  if (start.publications.length <= count) return start;
  const publications = start.publications.slice(0, count);
  return { ...start, publications, offset: start.position.offset + count, partial: true };
}

/** A page that follows a position and ends before the top of the log. */
function part(page: LogPage, since: Since | undefined): Start | undefined {
  if (typeof since !== 'object' || !('epoch' in since) || since.epoch !== page.epoch) return undefined;
  const { publications } = page;
  const offset = since.offset + publications.length;
  const isPart =
    publications.length > 0 && offset < page.offset && reaches(publications, since.offset, offset);
  return isPart ? { position: since, recovered: true, publications, offset, partial: true } : undefined;
}

function meet(
  page: LogPage,
  buffered: readonly Publication[],
  since: Since | undefined,
  maxRecovery: number,
): Start | undefined {
  const live = followers(page, buffered);
  if (live === undefined) return undefined;
  const offset = page.offset + live.length;
  const start = (after: number, recovered: boolean, missed: readonly Publication[]): Start => ({
    position: { epoch: page.epoch, offset: after },
    recovered,
    publications: [...missed, ...live],
    offset,
  });
  if (since === undefined) return start(page.offset, false, []);
  if (since === 'latest' || 'last' in since) {
    const newest = page.publications;
    return start(page.offset - newest.length, false, newest);
  }
  const missed = page.publications;
  const recovered =
    since.epoch === page.epoch &&
    since.offset <= page.offset &&
    page.offset - since.offset <= maxRecovery &&
    reaches(missed, since.offset, page.offset);
  return recovered ? start(since.offset, true, missed) : start(page.offset, false, []);
}

/** Whether `publications` are exactly those after `from` up to `to`. */
export function reaches(publications: readonly Publication[], from: number, to: number): boolean {
  return (
    publications.length === to - from && publications.every((each, index) => each.offset === from + index + 1)
  );
}

function followers(page: LogPage, buffered: readonly Publication[]): Publication[] | undefined {
  const live: Publication[] = [];
  for (const publication of buffered) {
    if (publication.epoch !== page.epoch) return undefined;
    const offset = publication.offset ?? 0;
    const top = page.offset + live.length;
    if (offset <= top) continue;
    if (offset !== top + 1) return undefined;
    live.push(publication);
  }
  return live;
}
