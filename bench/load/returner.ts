import type { SubscribeFrame } from '@thrum/protocol';
import { channel } from '../channel.ts';
import type { Missed } from '../process/calls.ts';
import { Subscriber, type Tally, type Target } from './subscriber.ts';
import { type Wire, wires } from './wire.ts';

const offsetKey = '"offset":';
const digitZero = 48;

/** One who was away: subscribes from where it stood and looks at the place of everything that comes. */
export class Returner extends Subscriber {
  /** The offset it has reached. */
  at: number;
  /** Set when the last of what it missed has come; milliseconds of `performance.now`. */
  caughtUpAt: number | undefined;
  private readonly last: number;
  private readonly done: () => void;

  constructor(target: Target, tally: Tally, missed: Missed, opened: () => void, done: () => void) {
    super(recovering(missed), [channel], target, tally, opened);
    this.at = missed.position.offset;
    this.last = this.at + missed.count;
    this.done = done;
  }

  protected override text(bytes: Buffer): void {
    const offset = bytes.includes('"timestamp":') ? offsetIn(bytes) : undefined;
    if (offset === undefined) {
      super.text(bytes);
      return;
    }
    if (offset !== this.at + 1 || offset > this.last) {
      this.fail(`expected ${this.at + 1} of ${this.last}, got offset ${offset}`);
      return;
    }
    this.at = offset;
    this.delivered();
    if (offset < this.last) return;
    this.caughtUpAt = performance.now();
    this.done();
  }
}

function recovering({ position }: Missed): Wire {
  const subscribe: SubscribeFrame = { type: 'subscribe', channel, since: position };
  return {
    ...wires.thrum,
    subscribe: () => [
      {
        text: JSON.stringify(subscribe),
        // Anything else is no recovery, and nobody would ever be caught up.
        isDone: (text) => text.startsWith('{"type":"subscribed"') && text.includes('"recovered":true'),
      },
    ],
  };
}

/** The payload has none of its own. */
function offsetIn(bytes: Buffer): number {
  let value = 0;
  for (let at = bytes.indexOf(offsetKey) + offsetKey.length; at < bytes.length; at += 1) {
    const digit = (bytes[at] ?? 0) - digitZero;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}
