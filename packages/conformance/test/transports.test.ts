import type { Limits } from '@thrum/protocol';
import type { TestServer } from '@thrum/testkit/server';
import type { ThrumDefinition } from 'thrum';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ordinaryTopics, runTransportSuite, type Topic } from '../src/index.ts';
import { allowedOrigin, startWireServer, useRestartingServer } from './wire-app.ts';
import { tokenAuth, useWireTokens } from './wire-tokens.ts';

const plenty = { rate: 100_000 };
const quick = { authSeconds: 0.5, frameSeconds: 0.5, presenceGraceSeconds: 0.3, redeliverySeconds: 0.2 };
/** WebSockets have a file of their own. */
const transports = ['sse', 'longpoll'] as const;

interface Target {
  readonly topics: readonly Topic[];
  readonly limits: Partial<Limits>;
  readonly definition?: ThrumDefinition;
}

const targets: Readonly<Record<string, Target>> = {
  ordinary: { topics: ordinaryTopics, limits: plenty },
  hasty: { topics: ['deadlines'], limits: { ...plenty, ...quick } },
  strict: { topics: ['rate'], limits: { rate: 10, abuseFactor: 5 } },
  // A poll that is cut takes its place for as long as nobody notices.
  small: { topics: ['capacity'], limits: { ...plenty, connections: 3, pingSeconds: 0.4, deadSeconds: 0.8 } },
  'open to all': {
    topics: ['anonymous'],
    limits: plenty,
    definition: { auth: { ...tokenAuth, anonymous: true } },
  },
};

const { tokens } = useWireTokens();

for (const [name, { topics, limits, definition }] of Object.entries(targets)) {
  describe(name, () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startWireServer({ limits, ...definition });
    });
    afterAll(() => server.close());

    runTransportSuite(() => server.url, { transports, topics, tokens, limits, allowedOrigin });

    it('logged no token and no error but the one that was asked for', () => {
      const errors = server.lines.filter(
        ({ level, error }) => level === 'error' && !String(error).includes('SECRET'),
      );
      expect(errors).toEqual([]);
      expect(JSON.stringify(server.lines)).not.toMatch(/eyJ[\w-]+\.eyJ/u);
    });
  });
}

describe('restarting', () => {
  const { url, restart } = useRestartingServer({ limits: plenty });
  runTransportSuite(url, { transports, topics: ['restart'], tokens, limits: plenty, restart });
});
