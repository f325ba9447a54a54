import type { ClientOptions } from '../../src/index.ts';
import { createFakeHttp } from './fake-http.ts';
import type { FakeHttp } from './fake-http.ts';
import { at, welcome } from './fake-server.ts';
import type { FakeSocket, Frame } from './fake-server.ts';
import { createHarness } from './harness.ts';
import type { Harness } from './harness.ts';
import { quiet, until } from './until.ts';

/** What a network does to WebSockets: they work, fail at once, are never answered, or the server is not there. */
export type Network = 'open' | 'blocked' | 'swallowing' | 'down';

export interface Rig extends Harness {
  readonly http: FakeHttp;
  network: Network;
  /** Lets time pass, and what needs none happen before and after. */
  pass(ms: number): Promise<void>;
  connected(transport: string): Promise<void>;
  /** Dials by WebSocket so far. */
  dials(): number;
}

/** A client with all transports, and one server behind them that answers by itself. */
export function createRig(options: ClientOptions = {}): Rig {
  const http = createFakeHttp();
  const harness = createHarness({ transports: undefined, http: { fetch: http.fetch }, ...options });
  const { server, env, client } = harness;
  const answer = (peer: FakeSocket, { type, id, channel, since }: Frame): void => {
    if (type === 'ping') peer.send({ type: 'pong' });
    else if (type === 'subscribe')
      peer.send({
        type: 'subscribed',
        id,
        channel,
        position: since ?? at(0),
        recovered: since !== undefined,
      });
    else if (type === 'message') peer.send({ type: 'ack', id, channel, position: at(1) });
  };
  server.onFrame = answer;
  http.onFrame = answer;
  http.onOpen = (session) => session.send(welcome);
  const rig = Object.assign(harness, {
    http,
    network: 'open' as Network,
    pass: async (ms: number) => {
      await quiet();
      await env.advance(ms);
      await quiet();
    },
    connected: (transport: string) =>
      until(() => client.state === 'connected' && client.transport === transport, transport),
    dials: () => server.sockets.length,
  });
  server.onDial = (socket) => {
    if (rig.network === 'swallowing') return;
    // Never while its constructor runs.
    void Promise.resolve().then(() => (rig.network === 'open' ? socket.accept() : socket.close(1006)));
  };
  http.fault = () => (rig.network === 'down' ? 'lose request' : undefined);
  return rig;
}

/** A page's storage, for as long as the test runs. */
export function createStorage(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> & { size: number } {
  const items = new Map<string, string>();
  return {
    get size() {
      return items.size;
    },
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
