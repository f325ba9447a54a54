import type { Limits } from '@thrum/protocol';
import type { TestServer } from '@thrum/testkit/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ordinaryTopics, runWireSuite, type Topic, type WireOptions } from '../src/index.ts';
import { allowedOrigin, startWireServer, useRestartingServer } from './wire-app.ts';
import { createSlowBroker } from './slow-broker.ts';
import { tokenAuth, useWireTokens } from './wire-tokens.ts';

const plenty = { rate: 100_000 };
const hasty = {
  ...plenty,
  authSeconds: 0.5,
  frameSeconds: 0.5,
  presenceGraceSeconds: 0.3,
  redeliverySeconds: 0.2,
};

/** Servers that differ in their limits, each with the topics that need it so. */
const targets: Readonly<
  Record<
    string,
    { readonly topics: readonly Topic[]; readonly limits: Partial<Limits>; readonly webSocketEngine?: 'ws' }
  >
> = {
  ordinary: { topics: ordinaryTopics, limits: plenty },
  hasty: { topics: ['deadlines'], limits: hasty },
  // What depends on who reads the frames.
  'by ws': { topics: ['handshake', 'bytes', 'slow'], limits: plenty, webSocketEngine: 'ws' },
  'hasty, by ws': { topics: ['deadlines'], limits: hasty, webSocketEngine: 'ws' },
  strict: { topics: ['rate'], limits: { rate: 10, abuseFactor: 5 } },
  small: { topics: ['capacity'], limits: { ...plenty, connections: 3 } },
};

const { tokens, asked } = useWireTokens();

for (const [name, { topics, limits, webSocketEngine }] of Object.entries(targets)) {
  describe(name, () => {
    let server: TestServer;
    const options: WireOptions = { name, topics, tokens, limits, allowedOrigin, handshakeSeconds: 1 };
    const engine = webSocketEngine === undefined ? {} : { webSocketEngine };
    beforeAll(async () => {
      server = await startWireServer({ limits, ...engine }, { headersSeconds: 1 });
    });
    afterAll(() => server.close());

    runWireSuite(() => server.url, options);

    it('logged no token and no error but the one that was asked for', () => {
      const errors = server.lines.filter(
        ({ level, error }) => level === 'error' && !String(error).includes('SECRET'),
      );
      expect(errors).toEqual([]);
      expect(JSON.stringify(server.lines)).not.toMatch(/eyJ[\w-]+\.eyJ/u);
    });

    it('fetched no key that a token named', () => expect(asked()).toEqual([]));
  });
}

describe('open to all', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startWireServer({ auth: { ...tokenAuth, anonymous: true }, limits: plenty });
  });
  afterAll(() => server.close());
  runWireSuite(() => server.url, { topics: ['anonymous'], tokens, limits: plenty });
});

describe('on a slow log', () => {
  const broker = createSlowBroker();
  let server: TestServer;
  beforeAll(async () => {
    server = await startWireServer({ broker, limits: plenty });
  });
  afterAll(async () => {
    await server.close();
    await broker.close();
  });
  const topics: readonly Topic[] = ['publish', 'subscribe', 'recovery', 'history', 'acks', 'isolation'];
  runWireSuite(() => server.url, { name: 'a slow log', topics, tokens, limits: plenty });
});

describe('restarting', () => {
  const { url, restart } = useRestartingServer({ limits: plenty });
  runWireSuite(url, { topics: ['restart'], tokens, limits: plenty, restart });
});
