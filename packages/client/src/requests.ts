import type { Codec } from '@thrum/protocol';
import type { Env } from './env.ts';
import { ThrumError } from './errors.ts';
import type { Encoded } from './link.ts';
import { createPending } from './pending.ts';
import type { Pending, WaitOptions } from './pending.ts';
import { readError } from './wire.ts';
import type { Raw } from './wire.ts';

/** Frames that are answered by one `result`: history, presence, call. */
export interface Requests {
  send(frame: Raw, options?: WaitOptions): Promise<unknown>;
  /** A number no other frame of this client carries. */
  nextId(): number;
  next(): Encoded | undefined;
  /** Whether the frame answered a request. */
  answer(frame: Raw): boolean;
  down(): void;
  rest(error: ThrumError): void;
}

interface Entry extends Pending<unknown> {
  readonly data: Encoded;
  /** A call may have done its work already: it is never sent twice. */
  readonly once: boolean;
  sent: boolean;
}

export function createRequests(
  env: Env,
  codec: Codec,
  defaultTimeout: number,
  /** Connects where nothing else did; returns why nothing can be sent, if so. */
  wanted: () => ThrumError | undefined,
  pump: () => void,
): Requests {
  const entries = new Map<number, Entry>();
  let lastId = 0;
  const nextId = (): number => (lastId += 1);

  return {
    nextId,
    send: async (frame, { timeout = defaultTimeout, signal } = {}) => {
      const id = nextId();
      const data = encode(codec, { ...frame, id });
      const refusal = wanted();
      if (refusal !== undefined) throw refusal;
      const pending = createPending<unknown>(env, { ms: timeout, code: 'timeout', signal }, () => {
        entries.delete(id);
      });
      if (!pending.settled()) {
        entries.set(id, { ...pending, data, once: frame['type'] === 'call', sent: false });
        pump();
      }
      return pending.promise;
    },
    next: () => {
      for (const entry of entries.values()) {
        if (entry.sent) continue;
        entry.sent = true;
        return entry.data;
      }
      return undefined;
    },
    answer: (frame) => {
      const entry = entries.get(frame['id'] as number);
      if (entry === undefined) return false;
      if (frame['type'] === 'error') entry.reject(readError(frame));
      else entry.resolve(frame['data']);
      return true;
    },
    down: () => {
      for (const entry of entries.values()) {
        if (entry.once && entry.sent) {
          entry.reject(new ThrumError('disconnected', 'The connection broke before the answer', { retry: true }));
        } else entry.sent = false;
      }
    },
    rest: (error) => {
      for (const entry of entries.values()) entry.reject(error);
    },
  };
}

/** Throws `invalid_data` for what no frame can carry: cycles, BigInt, a throwing `toJSON`. */
export function encode(codec: Codec, frame: object): Encoded {
  try {
    return codec.encode(frame);
  } catch (cause) {
    throw new ThrumError('invalid_data', 'Invalid data: it cannot be encoded', { cause });
  }
}
