import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from './support/fake-server.ts';
import type { FakeSocket, Frame } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

async function live(offset = 0) {
  const harness = createHarness();
  const socket = await harness.online();
  const channel = harness.client.channel('chat:a');
  const got: number[] = [];
  const statuses: string[] = [];
  channel.onStatus(({ type }) => statuses.push(type));
  channel.onAny(({ offset: place }) => got.push(place ?? -1));
  socket.subscribed('chat:a', { position: at(offset) });
  return { ...harness, socket, channel, got, statuses };
}

describe('a live stream', () => {
  it('gives no publication twice', async () => {
    const { socket, got } = await live();
    for (const offset of [1, 1, 2, 1, 3, 2]) socket.publish('chat:a', offset);
    expect(got).toEqual([1, 2, 3]);
  });

  it('with a hole asks again from the last good position and delivers in order', async () => {
    const { socket, got, statuses } = await live();
    socket.publish('chat:a', 1);
    socket.publish('chat:a', 3);
    socket.publish('chat:a', 4);
    expect(got).toEqual([1]);
    expect(socket.all('subscribe')).toHaveLength(2);
    expect(socket.last('subscribe')).toMatchObject({ since: at(1) });
    socket.subscribed('chat:a', { position: at(1), recovered: true });
    for (const offset of [2, 3, 4, 5]) socket.publish('chat:a', offset);
    expect(got).toEqual([1, 2, 3, 4, 5]);
    expect(statuses.at(-1)).toBe('recovered');
  });

  it('of another epoch asks again, and goes on with reset', async () => {
    const { socket, got, statuses } = await live(9);
    socket.publish('chat:a', 1, { epoch: 'e2' });
    expect(socket.last('subscribe')).toMatchObject({ since: at(9) });
    socket.subscribed('chat:a', { position: at(1, 'e2'), recovered: false });
    socket.publish('chat:a', 2, { epoch: 'e2' });
    expect(got).toEqual([2]);
    expect(statuses.at(-1)).toBe('reset');
  });

  it('keeps what arrived in order while it asked', async () => {
    const { client, socket, got } = await live();
    client.channel('chat:a', { presence: true }).on('message', () => undefined);
    expect(socket.last('subscribe')).toMatchObject({ since: at(0), presence: true });
    socket.publish('chat:a', 1);
    socket.subscribed('chat:a', { position: at(0), recovered: true });
    socket.publish('chat:a', 1);
    socket.publish('chat:a', 2);
    expect(got).toEqual([1, 2]);
  });

  it('that shows the same hole after it was asked again says reset and goes on', async () => {
    const { socket, got, statuses } = await live();
    socket.publish('chat:a', 3);
    socket.subscribed('chat:a', { position: at(0), recovered: true });
    socket.publish('chat:a', 3);
    socket.publish('chat:a', 4);
    expect(got).toEqual([3, 4]);
    expect(statuses.at(-1)).toBe('reset');
    expect(socket.all('subscribe')).toHaveLength(2);
  });

  it('says behind and asks for what was dropped', async () => {
    const { socket, statuses, channel } = await live(4);
    socket.send({ type: 'behind', channel: 'chat:a', dropped: 3 });
    expect(statuses.at(-1)).toBe('behind');
    expect(channel.status).toBe('subscribed');
    expect(socket.last('subscribe')).toMatchObject({ since: at(4) });
  });

  it('passes over what newer publications took the place of, and no more than that', async () => {
    const { socket, got, statuses } = await live(4);
    socket.send({ type: 'behind', channel: 'chat:a', dropped: 2, superseded: true });
    expect(statuses.at(-1)).toBe('behind');
    socket.publish('chat:a', 6);
    socket.publish('chat:a', 8);
    expect(got).toEqual([6, 8]);
    expect(socket.all('subscribe')).toHaveLength(1);
    socket.publish('chat:a', 10);
    expect(socket.last('subscribe')).toMatchObject({ since: at(8) });
  });

  it('does not pass over anything on the word of an earlier subscription', async () => {
    const { socket, got } = await live(4);
    socket.send({ type: 'behind', channel: 'chat:a', dropped: 9, superseded: true });
    socket.send({ type: 'behind', channel: 'chat:a', dropped: 1 });
    socket.publish('chat:a', 7);
    socket.subscribed('chat:a', { position: at(4), recovered: true });
    socket.publish('chat:a', 7);
    expect(got).toEqual([]);
    expect(socket.all('subscribe')).toHaveLength(3);
  });

  it('begun anew by the server says reset and goes on from the place of the server', async () => {
    const { socket, got, statuses } = await live(4);
    socket.send({ type: 'subscribed', channel: 'chat:a', position: at(20), recovered: false });
    socket.publish('chat:a', 21);
    expect(got).toEqual([21]);
    expect(statuses.at(-1)).toBe('reset');
  });

  it('delivers transient events that have no place', async () => {
    const { socket, got } = await live(4);
    socket.send({ type: 'typing', channel: 'chat:a', data: {}, timestamp: 1 });
    socket.publish('chat:a', 5);
    expect(got).toEqual([-1, 5]);
  });
});

describe('a subscription', () => {
  it('begins where its options say, and only the first time', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    client.channel('chat:a', { since: { last: 20 } }).on('message', () => undefined);
    expect(socket.last('subscribe')).toMatchObject({ since: { last: 20 } });
    socket.subscribed('chat:a', { position: at(5) });
    expect((await reconnect()).last('subscribe')).toMatchObject({ since: at(5) });
  });

  it('from a position of the application says recovered or reset like any other', async () => {
    for (const recovered of [true, false]) {
      const { client, online } = createHarness();
      const socket = await online();
      const channel = client.channel('chat:a', { since: at(3) });
      channel.on('message', () => undefined);
      socket.subscribed('chat:a', { position: at(recovered ? 3 : 30), recovered });
      expect(channel.status).toBe(recovered ? 'recovered' : 'reset');
    }
  });

  it('of an ephemeral channel subscribes again without a position', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    client.channel('cursors:a').on('move', () => undefined);
    socket.subscribed('cursors:a', { position: undefined });
    const second = await reconnect();
    expect(second.last('subscribe')).not.toHaveProperty('since');
    second.subscribed('cursors:a', { position: undefined });
    expect(client.channel('cursors:a').status).toBe('subscribed');
  });

  it('that is refused says so, and asks again with the next connection', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const channel = client.channel('chat:a');
    const errors: unknown[] = [];
    channel.onStatus(({ error }) => error && errors.push(error.code));
    channel.on('message', () => undefined);
    refuse(socket, { code: 'access_denied', retry: false });
    expect(channel.status).toBe('error');
    expect(errors).toEqual(['access_denied']);
    expect((await reconnect()).all('subscribe')).toHaveLength(1);
  });

  it('that the server cannot serve now is asked for again later', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined);
    refuse(socket, { code: 'rate_limited', retry: true, after: 400 });
    await env.advance(399);
    expect(socket.all('subscribe')).toHaveLength(1);
    await env.advance(1);
    expect(socket.all('subscribe')).toHaveLength(2);
    socket.subscribed('chat:a');
    expect(client.channel('chat:a').status).toBe('subscribed');
  });

  it('that the server never answers is asked for again', async () => {
    const { client, env, online } = createHarness();
    const socket = await online();
    client.channel('chat:a').on('message', () => undefined);
    await env.advance(15_000);
    expect(socket.all('subscribe')).toHaveLength(2);
  });

  it('that the server ended stays ended for a lost right and comes back when the log does', async () => {
    for (const [code, asks, status] of [
      ['access_denied', 1, 'unsubscribed'],
      ['unavailable', 2, 'subscribing'],
    ] as const) {
      const { client, env, online } = createHarness();
      const socket = await online();
      const channel = client.channel('chat:a');
      channel.on('message', () => undefined);
      socket.subscribed('chat:a');
      socket.send({ type: 'unsubscribed', channel: 'chat:a', code });
      await env.advance(2000);
      expect(socket.all('subscribe')).toHaveLength(asks);
      expect(channel.status).toBe(status);
    }
  });

  it('made by the server is kept, delivered to those who come later, and recovered', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    socket.send({ type: 'subscribed', channel: 'user:7', position: at(2), recovered: false });
    socket.publish('user:7', 3);
    const got: unknown[] = [];
    const off = client.channel('user:7').onAny(({ offset }) => got.push(offset));
    expect(socket.all('subscribe')).toEqual([]);
    socket.publish('user:7', 4);
    off();
    const second = await reconnect();
    expect(second.last('subscribe')).toMatchObject({ channel: 'user:7', since: at(4) });
    expect(got).toEqual([4]);
    expect(second.all('unsubscribe')).toEqual([]);
  });

  it('of the server’s own is not skipped ahead by its announcement while we recover it', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const got: unknown[] = [];
    client.channel('user:7').onAny(({ offset }) => got.push(offset));
    socket.subscribed('user:7', { position: at(2) });
    const second = await reconnect();
    second.send({ type: 'subscribed', channel: 'user:7', position: at(4), recovered: false });
    second.publish('user:7', 5);
    second.subscribed('user:7', { position: at(2), recovered: true });
    for (const offset of [3, 4, 5]) second.publish('user:7', offset);
    expect(got).toEqual([3, 4, 5]);
  });

  it('of the server’s own goes on with reset when we may not ask for it', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const channel = client.channel('user:7');
    const got: unknown[] = [];
    channel.onAny(({ offset }) => got.push(offset));
    socket.send({ type: 'subscribed', channel: 'user:7', position: at(2), recovered: false });
    refuse(socket, { code: 'access_denied', retry: false });
    expect(channel.status).toBe('reset');
    socket.publish('user:7', 3);
    expect(got).toEqual([3]);
    await reconnect();
  });
});

describe('any order of losses, repeats and reconnects', () => {
  it('reaches the listener as offsets that grow by one, or with a reset in between', async () => {
    const fault = fc.oneof(
      fc.constantFrom('drop', 'repeat', 'break', 'trim', 'wipe'),
      fc.constant('deliver'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 60 }), async (faults) => {
        const { client, env, server } = createHarness();
        let epoch = 1;
        let top = 0;
        let kept = 0;
        const seen: (string | number)[] = [];
        server.onDial = (socket) => void Promise.resolve().then(() => socket.accept());
        server.onFrame = (socket, frame) => answer(socket, frame);
        function answer(socket: FakeSocket, { type, id, since, channel }: Frame): void {
          if (type !== 'subscribe') return;
          const position = since as { epoch: string; offset: number } | undefined;
          const recovered =
            position?.epoch === `e${epoch}` && position.offset >= kept && position.offset <= top;
          socket.send({
            type: 'subscribed',
            channel,
            id,
            recovered,
            position: recovered ? position : at(top, `e${epoch}`),
          });
          if (!recovered || position === undefined) return;
          for (let offset = position.offset + 1; offset <= top; offset += 1)
            socket.publish('c', offset, { epoch: `e${epoch}` });
        }
        const channel = client.channel('c');
        channel.onStatus(({ type }) => type === 'reset' && seen.push('reset'));
        channel.onAny(({ offset, epoch: log }) => seen.push(`${log}:${offset}`));
        await env.advance(10);
        for (const what of faults) {
          if (what === 'break') {
            server.socket.close(1006);
            await env.advance(1500);
            continue;
          }
          if (what === 'trim') kept = top;
          else if (what === 'wipe') {
            epoch += 1;
            top = kept = 0;
          }
          if (what !== 'repeat') top += 1;
          if (what !== 'drop' && top > 0) server.socket.publish('c', top, { epoch: `e${epoch}` });
          await env.advance(100);
        }
        top += 1;
        server.socket.publish('c', top, { epoch: `e${epoch}` });
        await env.advance(40_000);
        let previous = '';
        for (const entry of seen.map(String)) {
          const [log, offset] = entry.split(':');
          if (previous !== '' && previous !== 'reset' && entry !== 'reset') {
            expect(entry).toBe(`${previous.split(':')[0]}:${Number(previous.split(':')[1]) + 1}`);
          }
          expect(log).toBeDefined();
          expect(offset ?? '').toBeDefined();
          previous = entry;
        }
        expect(channel.status).not.toBe('subscribing');
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

function refuse(socket: FakeSocket, fields: Frame): void {
  socket.send({ type: 'error', message: 'no', id: socket.last('subscribe')['id'], ...fields });
}
