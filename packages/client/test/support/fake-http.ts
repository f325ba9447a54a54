import { createPeer } from './fake-server.ts';
import type { FakeSocket, Frame } from './fake-server.ts';

export interface FakeRequest {
  /** `GET /connect/sse` */
  readonly what: string;
  readonly url: URL;
  readonly body: Frame;
  /** The client has given it up. */
  readonly isAborted: boolean;
}

/**
 * What becomes of a request: it never arrives · its answer does not · both, and nobody says so · it is answered so, and
 * nothing else is done.
 */
export type FakeFault = 'lose request' | 'lose answer' | 'swallow' | number | undefined;

/** PROTOCOL.md §17 behind a `fetch`, for as many sessions as are opened; what comes over them is the test's to say. */
export interface FakeHttp {
  readonly fetch: typeof fetch;
  readonly requests: readonly FakeRequest[];
  /** Sessions as the server sees them, oldest first. */
  readonly sessions: FakeSocket[];
  readonly session: FakeSocket;
  /** How many requests of this kind came. */
  count(what: string): number;
  fault: (request: FakeRequest) => FakeFault;
  /** Called with each session that is opened. */
  onOpen: (session: FakeSocket) => void;
  onFrame: (session: FakeSocket, frame: Frame) => void;
  /** The server is restarted: it knows no session any more. */
  restart(): void;
}

interface Session {
  readonly peer: FakeSocket;
  readonly name: string;
  /** Hands over what waits, if somebody wants it now. */
  flush(): void;
  seq: number;
  end: { readonly code: number; readonly reason: string } | undefined;
}

interface PollSession extends Session {
  readonly frames: string[];
  confirmed: number;
  held: ((response: Response) => void) | undefined;
}

export function createFakeHttp(): FakeHttp {
  const open = new Map<unknown, Session>();
  const requests: FakeRequest[] = [];
  const http: FakeHttp = {
    requests,
    sessions: [],
    get session() {
      const newest = http.sessions.at(-1);
      if (newest === undefined) throw new Error('no session was opened');
      return newest;
    },
    count: (what) => requests.filter((request) => request.what === what).length,
    fault: () => undefined,
    onOpen: () => undefined,
    onFrame: () => undefined,
    restart: () => {
      for (const session of open.values()) session.peer.close(1006);
      open.clear();
    },
    fetch: (input, init = {}) =>
      new Promise((resolve, reject) => {
        const url = new URL(String(input));
        const body = JSON.parse(typeof init.body === 'string' ? init.body : '{}') as Frame;
        const { signal } = init;
        const request: FakeRequest = {
          what: `${init.method ?? 'GET'} ${url.pathname}`,
          url,
          body,
          get isAborted() {
            return signal?.aborted === true;
          },
        };
        requests.push(request);
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
        const broken = (): void => reject(new TypeError('fetch failed'));
        const fault = http.fault(request);
        if (fault === 'lose request') broken();
        else if (typeof fault === 'number') resolve(new Response('{}', { status: fault }));
        else if (fault !== 'swallow') serve(request, fault === 'lose answer' ? broken : resolve, signal);
      }),
  };

  const begin = <T extends object>(more: T, control: { emit: (type: string, event: unknown) => void }) => {
    const name = `s${http.sessions.length + 1}`;
    const peer = createPeer(name, { setState: () => undefined, emit: control.emit });
    const session = Object.assign(more, { peer, name, seq: 0, end: undefined, flush: () => undefined });
    open.set(name, session as Session);
    http.sessions.push(peer);
    return session as T & Session;
  };

  const serve = (
    { what, body }: FakeRequest,
    answer: (response: Response) => void,
    signal: AbortSignal | null | undefined,
  ): void => {
    if (what.endsWith('/sse')) stream(answer, signal);
    else if (what.endsWith('/send')) send(body, answer);
    else poll(body, answer);
  };

  const stream = (answer: (response: Response) => void, signal: AbortSignal | null | undefined): void => {
    const encoder = new TextEncoder();
    const events = new ReadableStream<Uint8Array>({
      start: (down) => {
        let isOver = false;
        const write = (text: string): void => {
          if (!isOver) down.enqueue(encoder.encode(text));
        };
        const session = begin(
          {},
          {
            emit: (type, event) => {
              const { data, code, reason } = event as { data: string; code: number; reason: string };
              if (type === 'message') write(`data: ${data}\n\n`);
              if (type !== 'close' || isOver) return;
              if (code !== 1006) write(`event: thrum:closed\ndata: ${JSON.stringify({ code, reason })}\n\n`);
              isOver = true;
              open.delete(session.name);
              down.close();
            },
          },
        );
        signal?.addEventListener('abort', () => {
          if (isOver) return;
          isOver = true;
          open.delete(session.name);
          Object.assign(session.peer, { isClosed: true });
          down.error(signal.reason);
        });
        write(`event: thrum:open\ndata: ${JSON.stringify({ session: session.name, node: 'n' })}\n\n`);
        http.onOpen(session.peer);
      },
    });
    answer(new Response(events));
  };

  const send = ({ session: name, seq, frames, close }: Frame, answer: (response: Response) => void): void => {
    const session = open.get(name);
    if (session === undefined) return answer(new Response('{}', { status: 404 }));
    if (Number(seq) > session.seq + 1) return answer(new Response('{}', { status: 409 }));
    if (seq === session.seq + 1) {
      session.seq += 1;
      for (const text of frames as string[]) {
        const frame = JSON.parse(text) as Frame;
        session.peer.sent.push(frame);
        http.onFrame(session.peer, frame);
      }
      if (close === true) {
        Object.assign(session.peer, { closedBy: { code: 1000, reason: '' } });
        session.peer.close(1000);
      }
    }
    answer(new Response(null, { status: 204 }));
  };

  const beginPolled = (): PollSession => {
    const session: PollSession = begin(
      { frames: [] as string[], confirmed: 0, held: undefined as PollSession['held'] },
      {
        emit: (type, event) => {
          const { data, code, reason } = event as { data: string; code: number; reason: string };
          if (type === 'message') session.frames.push(data);
          if (type === 'close' && code !== 1006) session.end = { code, reason };
          session.flush();
        },
      },
    );
    session.flush = () => {
      const { frames, confirmed, held, end, name } = session;
      if (held === undefined || (frames.length === 0 && end === undefined)) return;
      session.held = undefined;
      const close = end && { close: end };
      held(Response.json({ session: name, node: 'n', seq: confirmed + frames.length, frames, ...close }));
    };
    http.onOpen(session.peer);
    return session;
  };

  const poll = ({ session: name, ack }: Frame, answer: (response: Response) => void): void => {
    const session = name === undefined ? beginPolled() : (open.get(name) as PollSession | undefined);
    if (session === undefined) return answer(new Response('{}', { status: 404 }));
    session.frames.splice(0, Number(ack) - session.confirmed);
    session.confirmed = Math.max(session.confirmed, Number(ack));
    session.held?.(Response.json({ session: session.name, node: 'n', seq: session.confirmed, frames: [] }));
    session.held = answer;
    session.flush();
  };
  return http;
}
