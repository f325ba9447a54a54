import {
  channelNameError,
  type Envelope,
  errorInfo,
  type FrameError,
  isFrameError,
  readEnvelope,
} from '@thrum/protocol';
import { ThrumError } from '../errors.ts';
import { Bucket } from '../limits/bucket.ts';
import type { MaybePromise } from '../types.ts';
import type { Connection } from './connection.ts';
import { dispatch } from './dispatch.ts';
import type { Node } from './node.ts';
import { admits } from './state.ts';

/** A subscriber that confirms each publication must not run into the limit meant for those who ask for work. */
const ackCost = 0.1;

interface Waiting {
  readonly envelope: Envelope;
  readonly bytes: number;
}

/**
 * The way in for one connection: decodes, meters, and hands frames to `dispatch` one after the other. A frame whose
 * handler is still waiting for something holds back the next one, so what a client sent in order is done in order.
 */
export class Inbox {
  protected readonly node: Node;
  protected readonly connection: Connection;
  private waiting: Waiting[] | undefined;
  private waitingBytes = 0;
  private busy = false;
  /** Made for the first frame: most connections only listen. */
  private bucket: Bucket | undefined;

  constructor(node: Node, connection: Connection) {
    this.node = node;
    this.connection = connection;
  }

  receive(message: string | Uint8Array): void {
    const { connection, node } = this;
    if (!connection.alive) return;
    node.metrics.framesIn += 1;
    node.metrics.bytesIn += message.length;
    const envelope = this.decode(message);
    // Before anything else: what is no frame costs as much as one, or a flood of it would never end.
    if (!this.meter(envelope)) return;
    if (isFrameError(envelope)) {
      connection.fail(new ThrumError(envelope.code, envelope.message), idOf(envelope));
      return;
    }
    if (envelope.type === 'ping') {
      // Answered ahead of the queue: a slow hook must not look like a dead server.
      connection.send({ type: 'pong', ...idOf(envelope) });
      return;
    }
    if (!this.busy) this.handle({ envelope, bytes: message.length });
    else this.wait({ envelope, bytes: message.length });
  }

  /** Forgets what waits; the connection is gone. */
  clear(): void {
    this.waiting = undefined;
    this.waitingBytes = 0;
  }

  private wait(frame: Waiting): void {
    const { inboxBytes, inboxFrames } = this.node.limits;
    const waiting = (this.waiting ??= []);
    // One may always wait, or a message larger than the inbox could never be handled.
    const fits = waiting.length === 0 || this.waitingBytes + frame.bytes <= inboxBytes;
    if (fits && waiting.length < inboxFrames) {
      waiting.push(frame);
      this.waitingBytes += frame.bytes;
    } else {
      const { envelope } = frame;
      this.connection.fail(
        new ThrumError('rate_limited', 'Too many frames are waiting', { after: 1000 }),
        idOf(envelope),
      );
    }
  }

  private decode(message: string | Uint8Array): Envelope | FrameError {
    try {
      return readEnvelope(this.connection.transport.codec.decode(message));
    } catch {
      return { code: 'invalid_message', message: errorInfo('invalid_message').message };
    }
  }

  private meter(envelope: Envelope | FrameError): boolean {
    const { connection, node } = this;
    const { rate, abuseFactor } = node.limits;
    const cost = 'type' in envelope && envelope.type === 'ack' ? ackCost : 1;
    const now = node.env.monotonic();
    this.bucket ??= new Bucket();
    const verdict = this.bucket.take(rate, abuseFactor, now, cost);
    if (verdict === 'allow') return true;
    const after = this.bucket.wait(rate, now);
    const code = verdict === 'abuse' ? 'abuse' : 'rate_limited';
    connection.fail(new ThrumError(code, undefined, { after }), idOf(envelope));
    return false;
  }

  private handle({ envelope, bytes }: Waiting): void {
    this.connection.handling = bytes;
    const running = this.guarded(envelope);
    if (running === undefined) return;
    this.busy = true;
    void running.then(() => this.next());
  }

  private next(): void {
    this.busy = false;
    while (!this.busy && this.connection.alive) {
      const frame = this.waiting?.shift();
      if (frame === undefined) break;
      this.waitingBytes -= frame.bytes;
      this.handle(frame);
    }
    if (this.waiting?.length === 0) this.waiting = undefined;
  }

  /** Runs one frame; whatever goes wrong becomes an `error` frame. Returns a promise only if there is something to wait for. */
  private guarded(envelope: Envelope): Promise<void> | undefined {
    const { connection } = this;
    if (!admits(connection.state, envelope.type)) {
      connection.failWith('authentication_required', idOf(envelope));
      return undefined;
    }
    const failed = (error: unknown): void => this.failed(error, envelope);
    let running: MaybePromise<void>;
    try {
      running = dispatch(this.node, connection, envelope);
    } catch (error) {
      failed(error);
      return undefined;
    }
    return running?.catch(failed);
  }

  private failed(error: unknown, envelope: Envelope): void {
    const known = ThrumError.from(error);
    const fields = { type: envelope.type, connectionId: this.connection.id };
    if (known.code === 'internal') this.node.log.error('a frame failed', fields, known.cause);
    // A log that cannot be read concerns thousands who come back at once.
    if (known.code === 'unavailable') this.node.outages.failed(fields, known.cause);
    const { channel } = envelope.raw;
    // A name that is none is not repeated: it may be long or hold control characters.
    const named = typeof channel === 'string' && channelNameError(channel) === undefined;
    this.connection.fail(known, { ...idOf(envelope), ...(named ? { channel } : {}) });
  }
}

function idOf({ id }: Pick<Envelope | FrameError, 'id'>): { readonly id?: NonNullable<Envelope['id']> } {
  return id === undefined ? {} : { id };
}
