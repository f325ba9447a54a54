import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ThrumError } from '../src/index.ts';
import type { FakeSocket, Frame } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

const rows = (socket: FakeSocket): unknown[][] =>
  socket.all('message').map(({ id, follows }) => (follows === undefined ? [id] : [id, follows]));

async function publishing(ids: readonly string[]) {
  const harness = createHarness();
  const socket = await harness.online();
  const publish = (id: string, channel = 'chat:a') =>
    harness.client.channel(channel).publish('message', id, { id });
  const published = ids.map((id) => publish(id));
  const refuse = (id: string, code: string, fields: Frame = {}): void =>
    harness.server.socket.send({ type: 'error', id, code, message: '', retry: true, ...fields });
  return { ...harness, socket, publish, published, refuse };
}

describe('a publish behind another one that has no answer', () => {
  it('says which one it follows, by channel', async () => {
    const { socket, publish } = await publishing(['a', 'b']);
    void publish('x', 'chat:b');
    void publish('c');
    expect(rows(socket)).toEqual([['a'], ['b', 'a'], ['x'], ['c', 'b']]);
    expect(socket.all('message')[1]).toEqual({
      type: 'message',
      channel: 'chat:a',
      event: 'message',
      data: 'b',
      id: 'b',
      follows: 'a',
    });
  });

  it('follows nobody once that one is acknowledged', async () => {
    const { socket, publish } = await publishing(['a']);
    socket.send({ type: 'ack', id: 'a', channel: 'chat:a' });
    void publish('b');
    expect(rows(socket)).toEqual([['a'], ['b']]);
  });

  it('follows it on the next connection too', async () => {
    const { reconnect } = await publishing(['a', 'b']);
    expect(rows(await reconnect())).toEqual([['a'], ['b', 'a']]);
  });

  it('does not follow a repeat of what was acknowledged long ago: that it is in the log says nothing', async () => {
    const { socket, publish } = await publishing(['old']);
    socket.send({ type: 'ack', id: 'old', channel: 'chat:a' });
    for (const id of ['a', 'old', 'b']) void publish(id);
    expect(rows(socket).slice(1)).toEqual([['a'], ['old', 'a'], ['b', 'a']]);
  });

  it('remembers a thousand of them', async () => {
    const { env, server, socket, publish } = await publishing([]);
    server.onFrame = (peer, { id }) => peer.send({ type: 'ack', id, channel: 'chat:a' });
    for (let n = 0; n <= 1000; n += 1) {
      await publish(`m${n}`).catch(() => undefined);
      await env.advance(30);
    }
    server.onFrame = () => undefined;
    const before = socket.all('message').length;
    for (const id of ['m1', 'x', 'm0', 'y']) void publish(id);
    expect(rows(socket).slice(before)).toEqual([['m1'], ['x'], ['m0', 'x'], ['y', 'm0']]);
  });

  it('without a queue follows too, and is not followed: nothing waits for its fate', async () => {
    const { client, socket, publish } = await publishing(['a']);
    void client.channel('chat:a').publish('message', 1, { id: 'now', queue: false });
    void publish('b');
    expect(rows(socket)).toEqual([['a'], ['now', 'a'], ['b', 'a']]);
  });

  it('is what it was when it was published, whatever the caller did to its data since', async () => {
    const { client, socket } = await publishing(['a']);
    const data = { n: 1 };
    const later = client.channel('chat:a').publish('message', data, { id: 'b', queue: true });
    expect(socket.last('message')).toMatchObject({ data: { n: 1 }, follows: 'a' });
    data.n = 2;
    socket.send({ type: 'error', id: 'b', code: 'out_of_order', message: '', retry: true });
    expect(socket.last('message')).toMatchObject({ data: { n: 1 }, follows: 'a' });
    socket.send({ type: 'ack', id: 'b', channel: 'chat:a' });
    await later;
  });

  it('waits for the answer where there is no room to name it', async () => {
    const { client, socket } = await publishing(['a']);
    void client.channel('chat:a').publish('message', 'x'.repeat(65_440), { id: 'large' });
    void client.channel('chat:a').publish('message', 'after', { id: 'after' });
    expect(rows(socket)).toEqual([['a']]);
    socket.send({ type: 'ack', id: 'a', channel: 'chat:a' });
    expect(rows(socket)).toEqual([['a'], ['large'], ['after', 'large']]);
  });
});

describe('a refusal for now', () => {
  it('sends it and all behind it again, in their order, when the pause is over', async () => {
    const { env, socket, refuse } = await publishing(['a', 'b', 'c']);
    refuse('a', 'unavailable', { after: 700 });
    refuse('b', 'out_of_order');
    refuse('c', 'out_of_order');
    await env.advance(699);
    expect(rows(socket)).toHaveLength(3);
    await env.advance(1);
    expect(rows(socket).slice(3)).toEqual([['a'], ['b', 'a'], ['c', 'b']]);
  });

  it('may be answered in any order', async () => {
    const { env, socket, refuse } = await publishing(['a', 'b']);
    refuse('b', 'out_of_order');
    expect(rows(socket).slice(2)).toEqual([['b', 'a']]);
    refuse('a', 'unavailable');
    refuse('b', 'out_of_order');
    await env.advance(1000);
    expect(rows(socket).slice(3)).toEqual([['a'], ['b', 'a']]);
  });

  it('that becomes final lets the rest go at once and without it', async () => {
    const { env, socket, published, publish, refuse } = await publishing(['a', 'b', 'c']);
    // Refused often, so that an own backoff of the two behind it would be long.
    for (let round = 0; round < 4; round += 1) {
      refuse('a', 'unavailable', { after: 100 });
      refuse('b', 'out_of_order');
      refuse('c', 'out_of_order');
      await env.advance(100);
    }
    const before = rows(socket).length;
    refuse('a', 'access_denied', { retry: false });
    await expect(published[0]).rejects.toMatchObject({ code: 'access_denied' });
    refuse('b', 'out_of_order');
    refuse('c', 'out_of_order');
    expect(rows(socket).slice(before)).toEqual([['b'], ['c', 'b']]);
    void publish('d');
    expect(rows(socket).at(-1)).toEqual(['d', 'c']);
  });

  it('for an order that it did not have is backed off from', async () => {
    const { env, server, socket, publish } = await publishing([]);
    server.onFrame = (peer, { id }) =>
      peer.send({ type: 'error', id, code: 'out_of_order', message: '', retry: true });
    void publish('a');
    await env.advance(1000 + 2000 + 4000 - 1);
    expect(rows(socket)).toEqual([['a'], ['a'], ['a']]);
  });
});

describe('any order of refusals, lost answers and breaks', () => {
  it('leaves each publish in the log once, in the order of its channel, unless it was refused for good', async () => {
    const fate = fc.constantFrom('keep', 'keep', 'keep', 'unavailable', 'lost', 'break');
    const message = fc.record({
      channel: fc.constantFrom('c1', 'c2'),
      denied: fc.integer({ max: 9 }).map((n) => n === 0),
      fates: fc.array(fate, { maxLength: 3 }),
      pause: fc.nat({ max: 400 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 40 }), async (messages) => {
        const { client, env, server } = createHarness();
        const log = new Map<string, number>();
        const refused: number[] = [];
        const hold = (peer: FakeSocket, { id, follows }: Frame): void => {
          const n = Number(id);
          const { denied = false, fates = [], channel } = messages[n] ?? {};
          const refuse = (code: string, retry = true): void =>
            peer.send({ type: 'error', id, code, message: '', retry });
          const fate = fates.pop();
          if (!log.has(String(id))) {
            if (follows !== undefined && !log.has(String(follows))) return refuse('out_of_order');
            if (denied) return refuse('access_denied', false);
            if (fate === 'unavailable') return refuse('unavailable');
            log.set(String(id), n);
          }
          if (fate === 'break') peer.close(1006);
          else if (fate !== 'lost') peer.send({ type: 'ack', id, channel });
        };
        // As late as a network is: the next ones are on their way by then.
        server.onFrame = (peer, frame) => {
          if (frame['type'] === 'message') env.timer(20, () => !peer.isClosed && hold(peer, frame));
          else peer.send({ type: 'pong' });
        };
        server.onDial = (socket) => void Promise.resolve().then(() => socket.accept());
        for (const [n, { channel, pause }] of messages.entries()) {
          client
            .channel(channel)
            .publish('message', n, { id: String(n), timeout: 900_000 })
            .catch((error: ThrumError) => {
              expect(error.code).toBe('access_denied');
              refused.push(n);
            });
          await env.advance(pause);
        }
        await env.advance(600_000);
        expect(client.stats().queued).toBe(0);
        for (const channel of ['c1', 'c2']) {
          const sent = [...messages.keys()].filter((n) => messages[n]?.channel === channel);
          const kept = [...log.values()].filter((n) => messages[n]?.channel === channel);
          expect(kept).toEqual(sent.filter((n) => !messages[n]?.denied));
        }
        expect(refused.sort((a, b) => a - b)).toEqual(
          [...messages.keys()].filter((n) => messages[n]?.denied),
        );
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});
