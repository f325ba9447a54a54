import type { FrameId } from '@thrum/protocol';
import { ThrumError, safely } from './errors.ts';
import { ended } from './outbox.ts';
import type { Order, Outbox, RequestFrame, Requests } from './parts.ts';
import type { Settings } from './settings.ts';
import type { Encoded } from './socket-like.ts';
import type { Frame } from './wire.ts';

/** How long somebody waits for an answer, and what for. */
type Question = Omit<Order, 'encode' | 'done'> & { readonly id: FrameId; readonly timeout: number };

/**
 * @param wanted connects where nothing else did; returns why nothing can be sent, if so
 * @param ready whether a frame would go now
 */
export const createRequests = (
  settings: Settings,
  outbox: Outbox,
  wanted: () => ThrumError | undefined,
  ready: () => boolean,
): Requests => {
  const { env, queue, onDrop } = settings;

  const ask = <T>(
    question: Question,
    frame: RequestFrame,
    signal: AbortSignal | undefined,
    read: (answer: Frame) => T,
  ): Promise<T> => {
    const promise = new Promise<T>((resolve, reject) => {
      const { id, publish, lives } = question;
      const data = encode({ ...frame, id });
      const aborted = (): ThrumError => new ThrumError('aborted', { cause: signal?.reason });
      const abort = (): void => outbox.settle(id, aborted());
      const done = (outcome: Frame | ThrumError): void => {
        signal?.removeEventListener('abort', abort);
        if (!(outcome instanceof ThrumError)) resolve(read(outcome));
        else {
          reject(outcome);
          if (publish) void safely(() => onDrop?.(publish, outcome));
        }
      };
      const twin = outbox.items.get(id);
      if (twin) {
        if (String(twin.encode(id)) !== String(data)) throw new ThrumError('id_conflict');
        const first = twin.done;
        twin.done = (outcome) => {
          first?.(outcome);
          done(outcome);
        };
        return;
      }
      const refusal = wanted() ?? (signal?.aborted && aborted());
      if (refusal) throw refusal;
      const bytes = new TextEncoder().encode(data).length;
      signal?.addEventListener('abort', abort);
      // From what was encoded once: the caller may have changed its data since.
      const encodeAgain = (_: FrameId, follows?: string): Encoded =>
        follows ? JSON.stringify({ ...JSON.parse(data), follows }) : data;
      outbox.add({ ...question, encode: encodeAgain, bytes, asked: true, done });
      if (lives === 'now' && !ready()) outbox.settle(id, ended('disconnected'));
    });
    // A refusal nobody waits for must not end a Node process as an unhandled rejection.
    promise.catch(() => {});
    return promise;
  };

  return {
    publish: (channel, event, data = null, { id = env.id(), queue: keep = true, timeout, signal } = {}) => {
      const publish = { channel, event, data, id };
      const question: Question = {
        id,
        publish,
        lives: keep ? 'again' : 'now',
        timeout: timeout ?? queue.maxAge,
        late: timeout === undefined ? 'expired' : undefined,
      };
      return ask(question, { type: 'message', ...publish }, signal, ({ position, duplicate }) => ({
        id,
        position,
        duplicate: duplicate === true,
      }));
    },
    request: (lives, frame, { id, timeout = settings.requestTimeout, signal } = {}, read) =>
      ask({ id: id ?? outbox.newId(), lives, timeout }, frame, signal, ({ data }) => read(data)),
  };
};

/** Throws `invalid_data` for what no frame can carry: cycles, BigInt, a throwing `toJSON`. */
export const encode = (frame: object): Encoded => {
  try {
    return JSON.stringify(frame);
  } catch (cause) {
    throw new ThrumError('invalid_data', { cause });
  }
};
