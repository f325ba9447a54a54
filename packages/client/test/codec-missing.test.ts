import { expect, it, vi } from 'vitest';
import { createHarness } from './support/harness.ts';
import { until } from './support/until.ts';

// A module that cannot be fetched: nothing else makes a real import fail.
vi.mock('../src/codecs/msgpack.ts', () => {
  throw new TypeError('Failed to fetch the module of msgpack');
});

it('says why a codec could not be loaded, and comes back with JSON', async () => {
  const { client, env, server, states } = createHarness({ codec: 'msgpack' });
  client.connect();
  await until(() => client.state === 'reconnecting', 'the failed attempt');
  expect(server.sockets).toEqual([]);
  expect(
    String((states.at(-1)?.[1].error as Error | undefined)?.cause ?? states.at(-1)?.[1].error),
  ).toContain('Failed to fetch the module of msgpack');
  await env.advance(1250);
  await until(() => server.sockets.length === 1, 'the next attempt');
  server.socket.accept();
  await until(() => client.state === 'connected', 'the connection');
  expect(client.send({ type: 'typing', channel: 'c' })).toBe(true);
  expect(server.socket.last('typing')).toEqual({ type: 'typing', channel: 'c' });
});
