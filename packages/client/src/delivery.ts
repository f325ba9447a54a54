import type { Publication } from '@thrum/protocol';
import type { Env } from './env.ts';
import { safely } from './errors.ts';
import { emit } from './subscription.ts';
import type { Subscription } from './subscription.ts';

export interface DeliveryNeeds {
  readonly env: Env;
  /** The stream has a hole: ask again from the last good position. */
  resubscribe(sub: Subscription): void;
  pump(): void;
}

// Confirmations within this many milliseconds become one frame: a busy channel must not spend the rate limit on them.
const ackDelay = 50;

/** Gives a publication to the listeners if it is the next one; a repeat or one behind a hole is not (PROTOCOL.md §6). */
export function receive(sub: Subscription, publication: Publication, needs: DeliveryNeeds): void {
  if (sub.phase === 'idle' || sub.phase === 'stopped') return;
  const { epoch, offset } = publication;
  if (offset === undefined || epoch === undefined) {
    deliver(sub, publication, needs);
    return;
  }
  const last = sub.position;
  if (last === undefined) {
    // Before the answer this can only belong to a subscription that is over.
    if (sub.phase !== 'live') return;
  } else if (epoch === last.epoch && offset <= last.offset) {
    if (sub.processed?.epoch === epoch && offset <= sub.processed.offset) acknowledge(sub, needs);
    return;
  } else if (epoch !== last.epoch || offset !== last.offset + 1) {
    // While our own subscribe is on its way the server will send all of this again, in order.
    if (sub.phase !== 'live') return;
    if (sub.holeAt !== last) {
      sub.holeAt = last;
      needs.resubscribe(sub);
      return;
    }
    // Asked once, answered, and the same hole again: say so and go on, rather than ask for ever.
    sub.position = { epoch, offset };
    emit(sub, { type: 'reset', position: sub.position });
  }
  sub.position = { epoch, offset };
  deliver(sub, publication, needs);
}

function deliver(sub: Subscription, publication: Publication, needs: DeliveryNeeds): void {
  const running: Promise<unknown>[] = [];
  for (const listener of [...sub.listeners]) {
    // One that an earlier listener has just removed gets nothing more.
    if (!sub.listeners.has(listener)) continue;
    if (listener.event !== undefined && listener.event !== publication.event) continue;
    const promise = safely(() => listener.run(publication));
    if (promise !== undefined) running.push(promise);
  }
  const { epoch, offset } = publication;
  if (!sub.ack || offset === undefined || epoch === undefined) return;
  sub.processing = sub.processing
    .then(() => Promise.all(running))
    .then(() => {
      if (sub.position?.epoch !== epoch) return;
      sub.processed = { epoch, offset };
      acknowledge(sub, needs);
    });
}

function acknowledge(sub: Subscription, needs: DeliveryNeeds): void {
  sub.stopAck ??= needs.env.timer(ackDelay, () => {
    sub.stopAck = undefined;
    sub.ackDue = true;
    needs.pump();
  });
}
