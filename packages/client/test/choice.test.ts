import { beforeAll, describe, expect, it } from 'vitest';
import type { TransportName } from '../src/index.ts';
import { createRig } from './support/networks.ts';
import { quiet, until } from './support/until.ts';

// Loaded, it answers within the turns that a test waits.
beforeAll(() => import('../src/fallback/index.ts'));

describe('where WebSockets get through', () => {
  it('nothing else is asked for', async () => {
    const rig = createRig();
    rig.client.connect();
    await rig.connected('websocket');
    await rig.pass(600_000);
    expect(rig.http.requests).toEqual([]);
    expect(rig.dials()).toBe(1);
  });

  it('a refusal by the server is a refusal, and not a blocked network', async () => {
    const rig = createRig();
    rig.server.onDial = (socket) =>
      void Promise.resolve().then(() => {
        socket.open();
        socket.send({
          type: 'error',
          code: 'server_at_capacity',
          message: 'Server at capacity',
          retry: true,
        });
        socket.close(1008, 'Server at capacity');
      });
    rig.client.connect();
    await rig.pass(0);
    expect(rig.states.at(-1)).toMatchObject([
      'reconnecting',
      { reason: 'Server at capacity', retryIn: 1000 },
    ]);
    expect(rig.http.requests).toEqual([]);
  });
});

describe('a server that closes a connection at once', () => {
  it.each(['websocket', 'sse', 'longpoll'] as const)(
    'is taken at its word over %s, and asked in no other way',
    async (transport) => {
      const rig = createRig();
      rig.network = 'blocked';
      if (transport === 'websocket')
        rig.server.onDial = (socket) =>
          void Promise.resolve().then(() => socket.close(1012, 'Service restart'));
      if (transport === 'longpoll')
        rig.http.fault = ({ what }) => (what.endsWith('/sse') ? 'lose request' : undefined);
      rig.http.onOpen = (session) => session.close(1012, 'Service restart');
      rig.client.connect();
      await until(() => rig.client.state === 'reconnecting');
      expect(rig.states.at(-1)).toMatchObject(['reconnecting', { code: 1012, retryIn: 1000 }]);
      expect(rig.http.requests).toHaveLength(['websocket', 'sse', 'longpoll'].indexOf(transport));
    },
  );
});

describe('where WebSockets are refused', () => {
  it('the same attempt goes on over the stream of events', async () => {
    const rig = createRig();
    rig.network = 'blocked';
    rig.client.connect();
    await rig.connected('sse');
    expect(rig.stateNames()).toEqual(['connecting', 'connected']);
    expect(rig.env.monotonic()).toBe(0);
    expect(rig.dials()).toBe(1);
  });

  it('and streams too, by polls', async () => {
    const rig = createRig();
    rig.network = 'blocked';
    rig.http.fault = ({ what }) => (what.endsWith('/sse') ? 403 : undefined);
    rig.client.connect();
    await rig.connected('longpoll');
    expect(rig.stateNames()).toEqual(['connecting', 'connected']);
  });

  it('with nothing that gets through the attempt has failed, and the next ones begin anew', async () => {
    const rig = createRig();
    rig.network = 'down';
    rig.client.connect();
    await rig.pass(0);
    for (const [index, pause] of [1000, 2000, 4000].entries()) {
      expect(rig.states.at(-1)).toMatchObject(['reconnecting', { code: 1006, retryIn: pause }]);
      expect([rig.dials(), rig.http.count('GET /connect/sse'), rig.http.count('POST /connect/poll')]).toEqual(
        Array.from({ length: 3 }, () => index + 1),
      );
      await rig.pass(pause);
    }
    rig.network = 'open';
    await rig.pass(8000);
    await rig.connected('websocket');
  });
});

describe('where WebSockets are swallowed', () => {
  it('the stream of events has its turn after 3 seconds', async () => {
    const rig = createRig();
    rig.network = 'swallowing';
    rig.client.connect();
    await rig.pass(2999);
    expect(rig.http.requests).toEqual([]);
    await rig.pass(1);
    await rig.connected('sse');
    expect(rig.server.socket.closedBy).toBeDefined();
  });

  it('and streams buffered, polls have it after 3 more', async () => {
    const rig = createRig();
    rig.network = 'swallowing';
    rig.http.fault = ({ what }) => (what.endsWith('/sse') ? 'swallow' : undefined);
    rig.client.connect();
    await rig.pass(3000);
    expect(rig.http.count('POST /connect/poll')).toBe(0);
    await rig.pass(3000);
    await rig.connected('longpoll');
    expect(rig.http.requests[0]?.isAborted).toBe(true);
  });

  it('one that is only slow is used if it speaks first', async () => {
    const rig = createRig();
    rig.network = 'swallowing';
    rig.http.fault = () => 'swallow';
    rig.client.connect();
    await rig.pass(4000);
    rig.server.socket.accept();
    await rig.connected('websocket');
    expect(rig.http.requests.every(({ isAborted }) => isAborted)).toBe(true);
    expect(rig.dials()).toBe(1);
    rig.server.socket.publish('chat:a', 1);
    rig.server.socket.close(1006);
    await quiet();
    expect(rig.client.state).toBe('reconnecting');
  });

  it('one that fails later does not stop the others', async () => {
    const rig = createRig();
    rig.network = 'swallowing';
    rig.http.fault = ({ what }) => (what.endsWith('/sse') ? 'swallow' : undefined);
    rig.client.connect();
    await rig.pass(3500);
    rig.server.socket.close(1006);
    await rig.connected('longpoll');
  });

  it('the attempt ends when its time is over, with all that it began', async () => {
    const rig = createRig();
    rig.network = 'swallowing';
    rig.http.fault = () => 'swallow';
    rig.client.connect();
    await rig.pass(15_000);
    expect(rig.states.at(-1)).toMatchObject(['reconnecting', { error: { code: 'timeout' }, retryIn: 1000 }]);
    expect(rig.server.socket.closedBy).toBeDefined();
    expect(rig.http.requests.map(({ isAborted }) => isAborted)).toEqual([true, true]);
  });
});

describe('a server that is down, after WebSockets got through', () => {
  it('is dialed by WebSocket alone, and every third time in every way', async () => {
    const rig = createRig();
    rig.client.connect();
    await rig.connected('websocket');
    rig.network = 'down';
    rig.server.socket.close(1006);
    const asked: string[] = [];
    for (const pause of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000]) {
      expect(rig.states.at(-1)?.[1].retryIn).toBe(pause);
      const before = [rig.dials(), rig.http.requests.length] as const;
      await rig.pass(pause);
      asked.push(`${rig.dials() - before[0]}+${rig.http.requests.length - before[1]}`);
    }
    expect(asked).toEqual(['1+0', '1+0', '1+2', '1+0', '1+0', '1+2', '1+0', '1+0', '1+2']);
    rig.network = 'open';
    await rig.pass(40_000);
    await rig.connected('websocket');
  });

  it('a network that is blocked from then on is found out at the third attempt', async () => {
    const rig = createRig();
    rig.client.connect();
    await rig.connected('websocket');
    rig.network = 'blocked';
    rig.server.socket.close(1006);
    await rig.pass(1000);
    await rig.pass(2000);
    expect(rig.http.requests).toEqual([]);
    await rig.pass(4000);
    await rig.connected('sse');
  });

  it('what a fallback got through is trusted in the same way', async () => {
    const rig = createRig();
    rig.network = 'blocked';
    rig.client.connect();
    await rig.connected('sse');
    rig.network = 'down';
    rig.http.restart();
    await quiet();
    const dials = rig.dials();
    await rig.pass(1000);
    await rig.pass(2000);
    expect([
      rig.dials() - dials,
      rig.http.count('GET /connect/sse'),
      rig.http.count('POST /connect/poll'),
    ]).toEqual([0, 3, 0]);
    await rig.pass(4000);
    expect([
      rig.dials() - dials,
      rig.http.count('GET /connect/sse'),
      rig.http.count('POST /connect/poll'),
    ]).toEqual([1, 4, 1]);
    rig.network = 'blocked';
    await rig.pass(8000);
    await rig.connected('sse');
  });
});

describe('the option transports', () => {
  it.each(['websocket', 'sse', 'longpoll'] as const)('with %s alone uses nothing else', async (name) => {
    const rig = createRig({ transports: [name] });
    rig.client.connect();
    await rig.connected(name);
    expect(rig.dials()).toBe(name === 'websocket' ? 1 : 0);
    const [first] = rig.http.requests;
    expect(first?.what).toBe(
      { websocket: undefined, sse: 'GET /connect/sse', longpoll: 'POST /connect/poll' }[name],
    );
    await rig.pass(600_000);
    expect(rig.dials()).toBe(name === 'websocket' ? 1 : 0);
  });

  it('with WebSocket alone never falls back', async () => {
    const rig = createRig({ transports: ['websocket'] });
    rig.network = 'blocked';
    rig.client.connect();
    for (let n = 0; n < 6; n += 1) await rig.pass(30_000);
    expect(rig.http.requests).toEqual([]);
    expect(rig.client.state).toBe('reconnecting');
  });

  it('says which is best', async () => {
    const rig = createRig({ transports: ['longpoll', 'websocket'] });
    rig.client.connect();
    await rig.connected('longpoll');
    await rig.pass(3_600_000);
    expect(rig.client.transport).toBe('longpoll');
    expect(rig.dials()).toBe(0);
  });

  it('is read at each attempt', async () => {
    const transports: TransportName[] = ['websocket'];
    const rig = createRig({ transports });
    rig.client.connect();
    await rig.connected('websocket');
    for (const name of ['longpoll', 'sse', 'websocket', 'sse'] as const) {
      transports.splice(0, 1, name);
      rig.client.disconnect();
      rig.client.connect();
      await rig.connected(name);
    }
    // What got through when it was alone is not known to be the best of three.
    transports.splice(0, 1, 'websocket', 'sse');
    rig.client.disconnect();
    rig.client.connect();
    await rig.connected('websocket');
  });

  it.each(['', 'polling', 'sse,polling'])('with nonsense (%j) says what was expected', async (given) => {
    const rig = createRig({ transports: given.split(',').filter(Boolean) as TransportName[] });
    rig.client.connect();
    await until(() => rig.client.state === 'failed');
    expect(String(rig.states.at(-1)?.[1].error)).toMatch(
      /transports: expected .*websocket.*longpoll.*, got/u,
    );
    expect(rig.http.requests).toEqual([]);
  });

  it('with a bad address for the others says so, too', async () => {
    const rig = createRig({ transports: ['sse'], http: { url: 'https://' } });
    rig.client.connect();
    await until(() => rig.client.state === 'failed');
    expect(String(rig.states.at(-1)?.[1].error)).toContain('Invalid URL');
  });

  it('carries JSON over the others, whatever the codec', async () => {
    // Loaded, so that the test need not wait for a disk.
    await import('../src/codecs/msgpack.ts');
    const rig = createRig({ codec: 'msgpack' });
    rig.network = 'blocked';
    rig.client.connect();
    await rig.connected('sse');
    expect(rig.http.requests.length).toBeGreaterThan(0);
  });

  it('hands each socket over HTTP to its wrapper', async () => {
    const seen: string[] = [];
    const http = createRig().http;
    const rig = createRig({
      http: {
        fetch: http.fetch,
        wrap: (dial, transport) => {
          seen.push(transport);
          return dial();
        },
      },
    });
    http.fault = ({ what }) => (what.endsWith('/sse') ? 500 : undefined);
    rig.network = 'blocked';
    rig.client.connect();
    await rig.connected('longpoll');
    expect(seen).toEqual(['sse', 'longpoll']);
  });
});

describe('a client that is left', () => {
  it.each(['blocked', 'swallowing', 'open'] as const)(
    'leaves no timer, no socket and no stream (%s)',
    async (network) => {
      for (const ms of [0, 1, 3000, 3001, 61_000]) {
        const rig = createRig();
        rig.network = network;
        rig.client.channel('chat:a').on('message', () => undefined);
        await rig.pass(ms);
        rig.client.dispose();
        for (const socket of rig.server.sockets) if (!socket.isClosed) socket.close(1000);
        await rig.pass(0);
        expect(rig.env.pending()).toBe(0);
        expect(rig.http.sessions.every(({ isClosed }) => isClosed)).toBe(true);
        const asked = rig.http.requests.length;
        await rig.pass(3_600_000);
        expect(rig.http.requests).toHaveLength(asked);
      }
    },
  );
});
