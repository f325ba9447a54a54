import type { Publication } from '@thrum/protocol';
import { safely } from './errors.ts';
import { emit } from './subscription.ts';
import type { Subscription } from './subscription.ts';

/** What becomes of a publication, besides its delivery. */
export interface DeliveryNeeds {
  /** The stream has a hole: ask again from the last good position. */
  resubscribe(sub: Subscription): void;
  /** Everything up to `processed` may be confirmed. */
  acknowledge(sub: Subscription): void;
}

/** Gives a publication to the listeners if it is the next one; a repeat or one behind a hole is not (PROTOCOL.md §6). */
export function receive(sub: Subscription, publication: Publication, needs: DeliveryNeeds): void {
  const { phase, position: last, processed } = sub;
  if (phase === 'idle' || phase === 'stopped') return;
  const { epoch, offset } = publication;
  if (offset !== undefined && epoch !== undefined) {
    const position = { epoch, offset };
    if (last?.epoch === epoch && offset <= last.offset) {
      // Sent again because it was not confirmed: confirm it again, unless a listener is still at it.
      if (processed?.epoch === epoch && offset <= processed.offset) needs.acknowledge(sub);
      return;
    }
    const missing = last?.epoch === epoch ? offset - last.offset - 1 : Infinity;
    const excused = sub.excused ?? 0;
    // Not while a subscribe is on its way: then everything comes again, in order.
    if (missing > 0 && missing <= excused && phase === 'live') sub.excused = excused - missing;
    else if (missing > 0) {
      // Not live: left over from before, or it comes again in order once our subscribe is answered.
      if (phase !== 'live') return;
      if (last !== undefined && sub.holeAt !== last) {
        sub.holeAt = last;
        needs.resubscribe(sub);
        return;
      }
      // Asked once, answered, and the same hole again: say so and go on, rather than ask for ever.
      if (last !== undefined) emit(sub, { type: 'reset', position });
    }
    sub.position = position;
  }
  deliver(sub, publication, needs);
}

/** The server left something out (PROTOCOL.md §15). True when that is to be asked for. */
export function onBehind(sub: Subscription, dropped: unknown, superseded: boolean): boolean {
  const count = typeof dropped === 'number' ? dropped : undefined;
  emit(sub, {
    type: 'behind',
    ...(count !== undefined && { dropped: count }),
    ...(superseded && { superseded }),
  });
  if (superseded) {
    sub.excused = (sub.excused ?? 0) + (count ?? 0);
    return false;
  }
  // The hole would only show with the next publication, and there may be none for long.
  return sub.position !== undefined && sub.phase === 'live';
}

function deliver(sub: Subscription, publication: Publication, needs: DeliveryNeeds): void {
  const running: unknown[] = [];
  for (const listener of [...sub.listeners]) {
    const { event, run } = listener;
    // One that an earlier listener has just removed gets nothing more.
    if (sub.listeners.has(listener) && (event ?? publication.event) === publication.event) {
      running.push(safely(() => run(publication)));
    }
  }
  const { epoch, offset } = publication;
  if (sub.ack !== true || offset === undefined || epoch === undefined) return;
  sub.processing = sub.processing
    .then(() => Promise.all(running))
    .then(() => {
      sub.processed = { epoch, offset };
      needs.acknowledge(sub);
    });
}
