import type { Settings } from '../settings.ts';
import type { SocketLike } from '../socket-like.ts';
import { pageUrl } from '../web-socket.ts';
import type { SocketClose } from '../web-socket.ts';
import { createUpstream } from './upstream.ts';
import { lost } from './wire.ts';
import type { Wire } from './wire.ts';

/** Receives until the session has ended, and tells how if it knows. */
export type Downstream = (wire: Wire) => Promise<SocketClose | undefined>;

const normal: SocketClose = { code: 1000, reason: '' };
/** Milliseconds for the last frames to go out when the client closes. */
const closeTimeout = 3000;

/**
 * A session of PROTOCOL.md §17 that looks like a WebSocket.
 *
 * @param hasStream the server learns of the end by that of its stream
 */
export const createHttpSocket = (settings: Settings, receive: Downstream, hasStream: boolean): SocketLike => {
  const { env, url } = settings;
  const { url: base = url, credentials = 'same-origin', fetch: request = fetch } = settings.http ?? {};
  const { search } = new URL(pageUrl(url));
  const target = new EventTarget();
  // What must not outlive the session: its timers and requests.
  const stops = new Set<() => void>();
  let names = {};

  const emit = (type: string, fields: object): void => {
    target.dispatchEvent(Object.assign(new Event(type), fields));
  };
  const end = ({ code, reason }: SocketClose): void => {
    if (socket.readyState > 2) return;
    socket.readyState = 3;
    stops.forEach((stop) => stop());
    emit('close', { code: Number(code), reason: String(reason) });
  };
  const after = (ms: number, run: () => void): (() => void) => {
    const stop = env.timer(ms, () => {
      stops.delete(stop);
      run();
    });
    stops.add(stop);
    return () => stops.delete(stop) && stop();
  };

  const wire: Wire = {
    ask: async (path, body, read, timeout) => {
      const aborter = new AbortController();
      const abort = (): void => aborter.abort();
      const stopTimer = timeout && after(timeout, abort);
      stops.add(abort);
      try {
        const address = new URL(`connect/${path}${search}`, pageUrl(base).replace(/^ws/, 'http'));
        const response = await request(address, {
          signal: aborter.signal,
          cache: 'no-store',
          credentials,
          ...(body && {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ ...names, ...body }),
          }),
        });
        return await read(response);
      } finally {
        stops.delete(abort);
        // What is left of the answer, nobody reads.
        abort();
        if (stopTimer) stopTimer();
      }
    },
    pause: (failures) =>
      new Promise((resolve) => {
        if (socket.readyState < 3) after(250 * 2 ** Math.min(failures, 4), resolve);
      }),
    open: ({ session, node }) => {
      names = { session, node };
      if (socket.readyState > 0) return;
      socket.readyState = 1;
      emit('open', {});
    },
    message: (data) => {
      if (socket.readyState === 1) emit('message', { data });
    },
  };

  const upstream = createUpstream(wire, end);
  const socket = Object.assign(target, {
    readyState: 0,
    binaryType: '',
    send: upstream.send,
    close: () => {
      const { readyState } = socket;
      if (readyState > 1) return;
      socket.readyState = 2;
      if (readyState === 0 || (hasStream && upstream.isIdle())) end(normal);
      else {
        after(closeTimeout, () => end(normal));
        upstream.close();
      }
    },
  });
  // Not at once: nobody listens yet.
  void Promise.resolve(wire)
    .then(receive)
    .catch(() => undefined)
    .then((close) => end(close ?? lost));
  return socket;
};
