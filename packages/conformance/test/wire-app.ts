import type { Schema } from '@thrum/protocol';
import { startServer, type TestServer } from '@thrum/testkit/server';
import { type ListenOptions, method, reject, type ThrumDefinition } from 'thrum';
import { rejection, secretCause } from '../src/index.ts';
import { tokenAuth } from './wire-tokens.ts';
import { afterAll, beforeAll } from 'vitest';

export const allowedOrigin = 'https://app.example';

/** The definition of `wireContract` in code. */
export function startWireServer(
  definition: ThrumDefinition = {},
  listen: ListenOptions = {},
): Promise<TestServer> {
  let server: TestServer | undefined;
  const app = (): TestServer['app'] => {
    if (server === undefined) throw new Error('the server has not started yet');
    return server.app;
  };
  const starting = startServer(
    {
      channels,
      methods: methods(app),
      auth: tokenAuth,
      origins: [allowedOrigin],
      node: 'wire-1',
      ...definition,
    },
    listen,
  );
  return starting.then((started) => (server = started));
}

const history = { size: 1000, ttl: '1h' } as const;

const note: Schema<{ text: string }> = schema(
  (value): value is { text: string } =>
    isObject(value) && typeof value['text'] === 'string' && value['text'].length <= 20,
);

const pair: Schema<{ a: number; b: number }> = schema(
  (value): value is { a: number; b: number } =>
    isObject(value) && typeof value['a'] === 'number' && typeof value['b'] === 'number',
);

const channels: NonNullable<ThrumDefinition['channels']> = {
  'wire:open:{x}': { history, presence: true },
  'wire:few:{x}': { history: { size: 5, ttl: '1h' } },
  'wire:eph:{x}': { tier: 'ephemeral' },
  'wire:drop:{x}': { history, presence: true, slow: 'drop-oldest' },
  'wire:latest:{x}': { history, presence: true, slow: 'latest-per-key', key: 'k' },
  'wire:conf:{x}': { history, presence: true, conflate: { every: 200, key: 'k' } },
  'wire:private:{x}': { history, presence: true, authorize: ({ user }) => user.id === 'alice' },
  'wire:read:{x}': {
    history,
    presence: true,
    authorize: ({ user, action }) => action !== 'publish' || user.id === 'alice',
  },
  'wire:schema:{x}': { history, events: { note } },
};

function methods(app: () => TestServer['app']): NonNullable<ThrumDefinition['methods']> {
  return {
    'wire.echo': method({ handler: (params) => params }),
    'wire.nothing': method({ handler: () => {} }),
    'wire.add': method({ params: pair, handler: ({ a, b }) => a + b }),
    'wire.wait': method({
      handler: (params) =>
        new Promise((resolve) => {
          setTimeout(() => resolve(params), (params as { ms: number }).ms);
        }),
    }),
    'wire.reject': method({
      handler: () => {
        throw reject(rejection);
      },
    }),
    'wire.fail': method({
      handler: () => {
        throw new Error(`${secretCause} in the message`, { cause: new Error(`${secretCause} in the cause`) });
      },
    }),
    'wire.publish': method({
      handler: (params) => {
        const { channel, event, data } = params as { channel: string; event: string; data: unknown };
        return app().publish(channel, event as never, data as never);
      },
    }),
    'wire.disconnect': method({
      handler: (params) => app().disconnect((params as { userId: string }).userId),
    }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function schema<T>(accepts: (value: unknown) => value is T): Schema<T> {
  return {
    '~standard': {
      version: 1,
      vendor: 'wire',
      validate: (value) =>
        accepts(value) ? { value } : { issues: [{ message: 'is not what was expected' }] },
    },
  };
}

/** One for the tests of the block that calls this, which may restart it on its port. */
export function useRestartingServer(definition: ThrumDefinition): {
  readonly url: () => string;
  readonly restart: () => Promise<void>;
} {
  let server: TestServer;
  beforeAll(async () => {
    server = await startWireServer(definition);
  });
  afterAll(() => server.close());
  return {
    url: () => server.url,
    restart: async () => {
      const { port } = server;
      await server.close(500);
      server = await startWireServer(definition, { port });
    },
  };
}
