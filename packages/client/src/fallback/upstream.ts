import type { SocketClose } from '../web-socket.ts';
import { lost, mayPass, post } from './wire.ts';
import type { Wire } from './wire.ts';

/** The frames that go up, one POST at a time. */
export interface Upstream {
  send(data: string | Uint8Array): void;
  /** Sends what waits, and ends the session behind it. */
  close(): void;
  /** Whether nothing waits and nothing is on its way. */
  isIdle(): boolean;
}

// The defaults of PROTOCOL.md §13 take four times as many bytes. Where the server takes less, it says so.
const maxCharacters = 60_000;
const maxFrames = 100;
// A request that somebody swallowed holds up all that follows.
const postTimeout = 10_000;

/** @param end told when the session has ended, as a POST can tell */
export const createUpstream = (wire: Wire, end: (close: SocketClose) => void): Upstream => {
  const waiting: string[] = [];
  let most = maxFrames;
  let seq = 1;
  let isBusy = false;
  let isClosing = false;

  /** The frames of the next POST: one at least. */
  const take = (): string[] => {
    let characters = 0;
    const end = waiting.findIndex((frame, index) => {
      characters += frame.length;
      return index > 0 && (index >= most || characters > maxCharacters);
    });
    return waiting.splice(0, end < 0 ? waiting.length : end);
  };

  /** Repeats it, unchanged, until it is answered: `seq` tells the server what it has handled. */
  const deliver = async (body: object): Promise<number> => {
    for (let failures = 0; ; failures += 1) {
      const [status] = await post(wire, 'send', body, postTimeout);
      if (!mayPass(status)) return status;
      await wire.pause(failures);
    }
  };

  const pump = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (;;) {
      if (waiting.length === 0 && !isClosing) break;
      const frames = take();
      const close = isClosing && waiting.length === 0;
      const status = await deliver({ seq, frames, close });
      if (status === 204) {
        seq += 1;
        if (close) return end({ code: 1000, reason: '' });
      } else if (frames.length > 1 && (status === 413 || status === 400)) {
        // Nothing of it was handled; a limit of this server's is lower.
        waiting.unshift(...frames);
        most = frames.length >> 1;
      } else return end(lost);
    }
    isBusy = false;
  };

  return {
    send: (data) => {
      waiting.push(typeof data === 'string' ? data : new TextDecoder().decode(data));
      void pump();
    },
    close: () => {
      isClosing = true;
      void pump();
    },
    isIdle: () => !isBusy && waiting.length === 0,
  };
};
