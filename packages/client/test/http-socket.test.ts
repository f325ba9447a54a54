import { describe, expect, it } from 'vitest';
import { receiveEvents, receivePolls } from '../src/fallback/downstream.ts';
import { createHttpSocket } from '../src/fallback/http-socket.ts';
import { settingsOf } from '../src/settings.ts';
import type { HttpOptions } from '../src/settings.ts';
import type { SocketLike } from '../src/socket-like.ts';
import { createFakeHttp } from './support/fake-http.ts';
import type { FakeHttp, FakeRequest } from './support/fake-http.ts';
import { quiet, until } from './support/until.ts';
import { createVirtualEnv } from './support/virtual-env.ts';
import type { VirtualEnv } from './support/virtual-env.ts';

type Kind = 'sse' | 'longpoll';

interface Rig {
  readonly http: FakeHttp;
  readonly env: VirtualEnv;
  readonly socket: SocketLike;
  /** What came, and at last how it ended. */
  readonly heard: unknown[];
  sends(): FakeRequest[];
}

function dial(
  kind: Kind,
  http: FakeHttp = createFakeHttp(),
  url = 'wss://host/rt/ws',
  more: HttpOptions = {},
): Rig {
  const env = createVirtualEnv();
  const settings = settingsOf(url, { env, http: { fetch: http.fetch, ...more } });
  const isStream = kind === 'sse';
  const socket = createHttpSocket(settings, isStream ? receiveEvents : receivePolls, isStream);
  const heard: unknown[] = [];
  socket.addEventListener('message', (event) => heard.push((event as MessageEvent).data));
  socket.addEventListener('close', (event) => {
    const { code, reason } = event as CloseEvent;
    heard.push({ code, reason });
  });
  const sends = (): FakeRequest[] => http.requests.filter(({ what }) => what.endsWith('/send'));
  return { http, env, socket, heard, sends };
}

/** To a server that says the same to everything. */
function answered(kind: Kind, answer: () => Response): Rig {
  return dial(kind, createFakeHttp(), 'ws://host/ws', { fetch: () => Promise.resolve(answer()) });
}

/** With a first frame behind it. */
async function open(kind: Kind): Promise<Rig> {
  const rig = dial(kind);
  await until(() => rig.http.sessions.length === 1);
  rig.http.session.send({ type: 'welcome' });
  await until(() => rig.heard.length === 1);
  rig.heard.length = 0;
  return rig;
}

const frame = (n: number): string => JSON.stringify({ n });
const lost = { code: 1006, reason: '' };

describe.each(['sse', 'longpoll'] as const)('a session over %s', (kind) => {
  it('carries frames both ways, in order', async () => {
    const { http, socket, heard } = await open(kind);
    for (let n = 1; n <= 3; n += 1) http.session.send({ n });
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, 2, 3].map(frame));
    for (let n = 1; n <= 3; n += 1) socket.send(frame(n));
    await until(() => http.session.sent.length === 3);
    expect(http.session.sent).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  it('is open once the server has made it', async () => {
    const { http, socket } = dial(kind);
    expect(socket.readyState).toBe(0);
    await until(() => http.sessions.length === 1);
    http.session.send({});
    await until(() => socket.readyState === 1);
  });

  it('takes bytes for the UTF-8 of a frame', async () => {
    const { http, socket } = await open(kind);
    socket.send(new TextEncoder().encode('{"text":"grüße"}') as Uint8Array<ArrayBuffer>);
    await until(() => http.session.sent.length === 1);
    expect(http.session.sent).toEqual([{ text: 'grüße' }]);
  });

  it('sends one POST at a time, and in the next one all that has queued meanwhile', async () => {
    const { http, socket, sends } = await open(kind);
    for (let n = 1; n <= 5; n += 1) socket.send(frame(n));
    await until(() => http.session.sent.length === 5);
    expect(sends().map(({ body }) => body)).toEqual([
      { session: 's1', node: 'n', seq: 1, frames: [frame(1)], close: false },
      { session: 's1', node: 'n', seq: 2, frames: [2, 3, 4, 5].map(frame), close: false },
    ]);
  });

  it('puts no more than 100 frames and 60,000 characters in one POST, but always one', async () => {
    const { http, socket, sends } = await open(kind);
    const large = JSON.stringify('x'.repeat(50_000));
    const sent = [
      large,
      large,
      JSON.stringify('y'.repeat(61_000)),
      ...Array.from({ length: 150 }, (_, n) => frame(n)),
    ];
    sent.forEach((each) => socket.send(each));
    await until(() => http.session.sent.length === sent.length);
    const frames = sends().map(({ body }) => body['frames'] as string[]);
    expect(frames.flat()).toEqual(sent);
    expect(frames.map(({ length }) => length)).toEqual([1, 1, 1, 100, 50]);
  });

  it.each(['lose request', 'lose answer', 503, 429, 408] as const)(
    'repeats a POST unchanged, later and later, after %s',
    async (fault) => {
      const { http, env, socket, sends } = await open(kind);
      http.fault = ({ what }) => (what.endsWith('/send') ? fault : undefined);
      socket.send(frame(1));
      for (const [tries, pause] of [250, 500, 1000, 2000, 4000, 4000].entries()) {
        await until(() => sends().length === tries + 1);
        socket.send(frame(tries + 2));
        await quiet();
        await env.advance(pause - 1);
        expect(sends()).toHaveLength(tries + 1);
        await env.advance(1);
      }
      http.fault = () => undefined;
      await env.advance(4000);
      await until(() => http.session.sent.length === 7);
      expect(http.session.sent.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      const bodies = sends().map(({ body }) => JSON.stringify(body));
      expect(new Set(bodies.slice(0, -1)).size).toBe(1);
    },
  );

  it('gives up a POST that is not answered in 10 seconds, and repeats it', async () => {
    const { http, env, socket, sends } = await open(kind);
    http.fault = ({ what }) => (what.endsWith('/send') ? 'swallow' : undefined);
    socket.send(frame(1));
    await until(() => sends().length === 1);
    await env.advance(9999);
    expect(sends()[0]?.isAborted).toBe(false);
    http.fault = () => undefined;
    await env.advance(1);
    expect(sends()[0]?.isAborted).toBe(true);
    await quiet();
    await env.advance(250);
    await until(() => http.session.sent.length === 1);
    expect(sends()[1]?.body).toEqual(sends()[0]?.body);
  });

  it.each([404, 409, 403, 400, 413])(
    'has ended when a POST of one frame is answered with %i',
    async (status) => {
      const { http, env, socket, heard } = await open(kind);
      http.fault = ({ what }) => (what.endsWith('/send') ? status : undefined);
      socket.send(frame(1));
      await until(() => heard.length === 1);
      expect(heard).toEqual([lost]);
      expect(socket.readyState).toBe(3);
      expect(env.pending()).toBe(0);
    },
  );

  it.each([400, 413])('sends fewer frames at once where the server says %i to many', async (status) => {
    const { http, socket, sends } = await open(kind);
    http.fault = ({ what, body }) =>
      what.endsWith('/send') && (body['frames'] as string[]).length > 3 ? status : undefined;
    for (let n = 0; n < 20; n += 1) socket.send(frame(n));
    await until(() => http.session.sent.length === 20);
    expect(http.session.sent.map(({ n }) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    const taken = sends().filter(({ body }) => (body['frames'] as string[]).length <= 3);
    expect(taken.map(({ body }) => body['seq'])).toEqual(taken.map((_, index) => index + 1));
  });

  it('tells how the server closed it', async () => {
    const { http, heard, env } = await open(kind);
    http.session.send({ last: true });
    http.session.close(4008, 'Slow consumer');
    await until(() => heard.length === 2);
    expect(heard).toEqual(['{"last":true}', { code: 4008, reason: 'Slow consumer' }]);
    expect(env.pending()).toBe(0);
  });

  it('sends what waits before it closes, and leaves no request and no timer', async () => {
    const { http, env, socket, heard } = await open(kind);
    for (let n = 1; n <= 4; n += 1) socket.send(frame(n));
    socket.close(1000);
    expect(socket.readyState).toBe(2);
    await until(() => heard.length === 1);
    expect(http.session.sent.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(http.session.isClosed).toBe(true);
    expect(heard).toEqual([{ code: 1000, reason: '' }]);
    await quiet();
    expect(env.pending()).toBe(0);
    socket.send(frame(9));
    await quiet();
    expect(http.session.sent).toHaveLength(4);
  });

  it('waits 3 seconds at most for its last frames to go', async () => {
    const { http, env, socket, heard, sends } = await open(kind);
    http.fault = () => 'swallow';
    socket.send(frame(1));
    await until(() => sends().length === 1);
    socket.close(1000);
    await env.advance(2999);
    expect(heard).toEqual([]);
    await env.advance(1);
    expect(heard).toEqual([{ code: 1000, reason: '' }]);
    expect(http.requests.at(-1)?.isAborted).toBe(true);
    expect(env.pending()).toBe(0);
  });

  it('is given up at once while it opens', async () => {
    const http = createFakeHttp();
    http.fault = () => 'swallow';
    const { socket, heard } = dial(kind, http);
    await until(() => http.requests.length === 1);
    socket.close();
    expect(http.requests[0]?.isAborted).toBe(true);
    await quiet();
    expect(heard).toEqual([{ code: 1000, reason: '' }]);
    expect(http.requests).toHaveLength(1);
  });

  it.each(['lose request', 'lose answer', 500, 404, 403] as const)('is none after %s', async (fault) => {
    const http = createFakeHttp();
    http.fault = () => fault;
    http.onOpen = (session) => session.send({});
    const { heard, env } = dial(kind, http);
    await until(() => heard.length === 1);
    expect(heard).toEqual([lost]);
    expect(http.requests).toHaveLength(1);
    expect(env.pending()).toBe(0);
  });

  it('is none where a page comes instead of the answer', async () => {
    const { heard } = answered(kind, () => new Response('<html>'));
    await until(() => heard.length === 1);
    expect(heard).toEqual([lost]);
  });

  it('ends when an answer makes no sense', async () => {
    const wrong = kind === 'sse' ? 'event: thrum:closed\ndata: {\n\n' : '{"seq":1,"frames":7}';
    const { heard } = answered(kind, () => new Response(wrong));
    await until(() => heard.length === 1);
    expect(heard).toEqual([lost]);
  });

  it('is asked for beside the WebSocket, with what is behind the question mark', async () => {
    const { http } = dial(kind, createFakeHttp(), 'wss://host/rt/ws?region=eu');
    await until(() => http.requests.length === 1);
    const path = kind === 'sse' ? 'sse' : 'poll';
    expect(http.requests[0]?.url.href).toBe(`https://host/rt/connect/${path}?region=eu`);
  });

  it('is asked for elsewhere if so told', async () => {
    const { http } = dial(kind, createFakeHttp(), 'ws://host/ws', { url: 'https://other:8443/api/' });
    await until(() => http.requests.length === 1);
    const path = kind === 'sse' ? 'sse' : 'poll';
    expect(http.requests[0]?.url.href).toBe(`https://other:8443/api/connect/${path}`);
  });
});

describe('a session over sse', () => {
  it('has ended when its stream has', async () => {
    const { http, heard } = await open('sse');
    http.session.close(1006);
    await until(() => heard.length === 1);
    expect(heard).toEqual([lost]);
  });

  it('is closed by the end of its stream alone when nothing waits', async () => {
    const { http, socket, heard } = await open('sse');
    socket.close(1000);
    expect(http.requests).toHaveLength(1);
    expect(http.requests[0]?.isAborted).toBe(true);
    expect(heard).toEqual([{ code: 1000, reason: '' }]);
  });
});

describe('a session over longpoll', () => {
  const polls = ({ http }: Rig): FakeRequest[] => http.requests.filter(({ what }) => what.endsWith('/poll'));

  it('asks again after an answer that was lost, and takes nothing twice', async () => {
    const rig = await open('longpoll');
    const { http, env, heard } = rig;
    await until(() => polls(rig).length === 2);
    http.session.send({ n: 1 });
    await until(() => polls(rig).length === 3);
    http.fault = ({ what }) => (what.endsWith('/poll') ? 'lose answer' : undefined);
    http.session.send({ n: 2 });
    await until(() => polls(rig).length === 4);
    // That one's answer is lost as well, as soon as it comes.
    http.session.send({ n: 3 });
    await quiet();
    http.fault = () => undefined;
    await env.advance(250);
    await until(() => heard.length === 3);
    expect(heard).toEqual([1, 2, 3].map(frame));
    expect(polls(rig).at(-1)?.body).toMatchObject({ ack: 4 });
  });

  it('drops by number what comes twice', async () => {
    const answers = [
      { session: 's', node: 'n', seq: 2, frames: [frame(1), frame(2)] },
      { session: 's', node: 'n', seq: 3, frames: [frame(2), frame(3)] },
      { session: 's', node: 'n', seq: 3, frames: [frame(3)], close: { code: 1001, reason: 'Going away' } },
    ];
    const { heard } = answered('longpoll', () => Response.json(answers.shift()));
    await until(() => heard.length === 4);
    expect(heard).toEqual([frame(1), frame(2), frame(3), { code: 1001, reason: 'Going away' }]);
  });

  it('is lost after the fourth failure in a row, and not while polls get through in between', async () => {
    const rig = await open('longpoll');
    const { http, env, heard } = rig;
    await until(() => polls(rig).length === 2);
    for (let round = 0; round < 3; round += 1) {
      http.fault = () => 'lose request';
      const before = polls(rig).length;
      http.session.send({ n: round });
      for (const pause of [250, 500]) {
        await quiet();
        await env.advance(pause);
      }
      await until(() => polls(rig).length === before + 3);
      http.fault = () => undefined;
      await env.advance(1000);
      await until(() => polls(rig).length >= before + 4);
    }
    expect(heard).toEqual([0, 1, 2].map(frame));
    http.fault = () => 'lose request';
    http.session.send({ n: 3 });
    for (const pause of [250, 500, 1000]) {
      await quiet();
      await env.advance(pause);
    }
    await until(() => heard.length === 5);
    expect(heard.slice(3)).toEqual([frame(3), lost]);
  });

  it('does not ask at full speed where empty answers come at once', async () => {
    let asked = 0;
    const { env } = answered('longpoll', () => {
      asked += 1;
      return Response.json({ session: 's', node: 'n', seq: 0, frames: [] });
    });
    for (let n = 1; n <= 5; n += 1) {
      await quiet();
      expect(asked).toBe(n);
      await env.advance(250);
    }
  });

  it('is over when the server knows it no more', async () => {
    const rig = await open('longpoll');
    await until(() => polls(rig).length === 2);
    rig.http.fault = ({ what }) => (what.endsWith('/poll') ? 404 : undefined);
    rig.http.session.send({ n: 1 });
    await until(() => rig.heard.length === 2);
    expect(rig.heard).toEqual([frame(1), lost]);
  });
});
