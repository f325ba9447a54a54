import { beforeAll, describe, expect, it } from 'vitest';
import { at } from './support/fake-server.ts';
import type { FakeSocket } from './support/fake-server.ts';
import { createRig } from './support/networks.ts';
import type { Rig } from './support/networks.ts';
import { quiet, until } from './support/until.ts';

beforeAll(() => import('../src/fallback/index.ts'));

const minute = 60_000;

/** Connected over the stream of events, in a network without WebSockets. */
async function blocked(options?: Parameters<typeof createRig>[0]): Promise<Rig> {
  const rig = createRig(options);
  rig.network = 'blocked';
  rig.client.connect();
  await rig.connected('sse');
  return rig;
}

describe('a connection that has fallen back', () => {
  it('looks for a WebSocket after 1, 2, 4 … 60 minutes, and stays in use meanwhile', async () => {
    const rig = await blocked();
    for (const [index, minutes] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      await rig.pass(minutes * minute - 1);
      expect(rig.dials()).toBe(index + 1);
      await rig.pass(1);
      expect(rig.dials()).toBe(index + 2);
    }
    expect(rig.stateNames()).toEqual(['connecting', 'connected']);
    expect(rig.http.sessions).toHaveLength(1);
  });

  it('goes over to it once that has had its welcome', async () => {
    const rig = await blocked();
    rig.network = 'swallowing';
    await rig.pass(minute);
    expect(rig.client.transport).toBe('sse');
    const socket = rig.server.socket;
    socket.open();
    await rig.pass(5000);
    expect(rig.client.transport).toBe('sse');
    socket.send({ type: 'welcome', connectionId: 'c2' });
    await rig.connected('websocket');
    expect(rig.client.connectionId).toBe('c2');
    expect(rig.stateNames()).toEqual(['connecting', 'connected', 'reconnecting', 'connected']);
    expect(rig.http.session.isClosed).toBe(true);
    expect(rig.dials()).toBe(2);
    await rig.pass(10 * minute);
    expect(rig.dials()).toBe(2);
  });

  it('gives up on one that is never answered, and looks again', async () => {
    const rig = await blocked();
    rig.network = 'swallowing';
    await rig.pass(minute);
    await rig.pass(15_000);
    expect(rig.server.socket.closedBy).toBeDefined();
    expect(rig.client.transport).toBe('sse');
    await rig.pass(2 * minute);
    expect(rig.dials()).toBe(3);
  });

  it('loses nothing and gets nothing twice when it goes over', async () => {
    const rig = await blocked();
    const got: unknown[] = [];
    const channel = rig.client.channel('chat:a');
    channel.on('message', ({ data }) => got.push(data));
    await until(() => channel.status === 'subscribed');
    rig.http.session.publish('chat:a', 1);
    rig.http.session.publish('chat:a', 2);
    await until(() => got.length === 2);
    const acked: unknown[] = [];
    rig.http.onFrame = (session, { type }) => type === 'ping' && session.send({ type: 'pong' });
    await rig.pass(minute - 1000);
    void channel.publish('message', 'x', { id: 'm-1' }).then(({ position }) => acked.push(position));
    await until(() => rig.http.session.all('message').length === 1);
    const answer = rig.server.onFrame;
    rig.server.onFrame = (socket: FakeSocket, frame) => {
      answer(socket, frame);
      if (frame['type'] === 'subscribe') for (const n of [2, 3, 4]) socket.publish('chat:a', n);
    };
    rig.network = 'open';
    await rig.pass(1000);
    await rig.connected('websocket');
    await until(() => got.length === 4 && acked.length === 1);
    expect(got).toEqual([1, 2, 3, 4]);
    expect(rig.server.socket.last('subscribe')).toMatchObject({ since: at(2) });
    expect(rig.server.socket.all('message')).toMatchObject([{ id: 'm-1' }]);
    expect(channel.status).toBe('recovered');
  });

  it('does not go over while a call is on its way that would not be sent again', async () => {
    const rig = await blocked();
    const outcome = rig.client.call('slow', undefined, { timeout: 10 * minute });
    await until(() => rig.http.session.all('call').length === 1);
    rig.network = 'open';
    await rig.pass(minute);
    await rig.pass(1000);
    expect(rig.client.transport).toBe('sse');
    rig.http.session.send({ type: 'result', id: rig.http.session.last('call')['id'], data: 42 });
    await quiet();
    await rig.pass(250);
    await rig.connected('websocket');
    expect(await outcome).toBe(42);
    expect(rig.dials()).toBe(2);
  });

  it('drops a WebSocket that ends while it waits, and looks again', async () => {
    const rig = await blocked();
    void rig.client.call('slow', undefined, { timeout: 10 * minute });
    await until(() => rig.http.session.all('call').length === 1);
    rig.network = 'open';
    await rig.pass(minute);
    rig.server.socket.close(1008, 'Authentication timeout');
    await rig.pass(1000);
    expect(rig.client.transport).toBe('sse');
    expect(rig.client.state).toBe('connected');
    await rig.pass(2 * minute);
    expect(rig.dials()).toBe(3);
  });

  it('dials anew when the WebSocket ends before it is used', async () => {
    const gates: (() => void)[] = [];
    const rig = createRig({ getToken: () => new Promise((resolve) => gates.push(() => resolve(null))) });
    rig.network = 'blocked';
    rig.client.connect();
    await until(() => gates.length === 1);
    gates[0]?.();
    await rig.connected('sse');
    rig.network = 'open';
    await rig.pass(minute);
    await until(() => rig.client.state === 'reconnecting');
    rig.server.socket.close(1006);
    await until(() => gates.length === 2);
    gates[1]?.();
    await rig.connected('sse');
    expect(rig.http.sessions).toHaveLength(2);
    rig.client.dispose();
    expect(rig.env.pending()).toBe(0);
  });

  it('does not look while nobody looks at the page', async () => {
    const rig = await blocked();
    rig.page.isActive = false;
    await rig.pass(minute);
    expect(rig.dials()).toBe(1);
    rig.page.isActive = true;
    await rig.pass(2 * minute);
    expect(rig.dials()).toBe(2);
  });

  it('looks no more once it is put away, and again when it has come back', async () => {
    const rig = await blocked();
    rig.page.emit('left');
    await rig.pass(60 * minute);
    expect(rig.dials()).toBe(1);
    rig.page.emit('returned');
    await rig.connected('sse');
    await rig.pass(2 * minute);
    expect(rig.dials()).toBe(2);
  });

  it('over polls also takes a stream of events where there is no WebSocket', async () => {
    const rig = createRig();
    rig.network = 'blocked';
    rig.http.fault = ({ what }) => (what.endsWith('/sse') ? 'swallow' : undefined);
    rig.client.connect();
    await rig.pass(3000);
    await rig.connected('longpoll');
    rig.http.fault = () => undefined;
    await rig.pass(minute);
    await rig.connected('sse');
    rig.network = 'open';
    await rig.pass(2 * minute);
    await rig.connected('websocket');
  });
});
