import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelay } from '../src/backoff.ts';
import { createHarness } from './support/harness.ts';

const backoff = { base: 1000, max: 30_000, jitter: 0.25 };
const delayOf = (attempt: number, random: number): number =>
  backoffDelay({ backoff, env: { random: () => random } }, attempt);

describe('the backoff', () => {
  it('is 1, 2, 4, 8, 16 and then 30 seconds without jitter', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => delayOf(attempt, 0.5));
    expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('varies by a quarter to either side, whatever the attempt', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const plain = Math.min(1000 * 2 ** attempt, 30_000);
        const delay = delayOf(attempt, random);
        expect(delay).toBeGreaterThanOrEqual(plain * 0.75);
        expect(delay).toBeLessThanOrEqual(plain * 1.25);
      }),
    );
  });

  it('grows while attempts fail, and starts again after one that succeeded', async () => {
    const { client, env, server, states } = createHarness();
    client.connect();
    for (const ms of [1000, 2000, 4000]) {
      server.socket.close(1006);
      await env.advance(ms);
    }
    server.socket.accept();
    server.socket.close(1006);
    expect(states.map(([, info]) => info.retryIn).filter(Boolean)).toEqual([1000, 2000, 4000, 1000]);
  });

  it('ends in failed after maxReconnectAttempts', async () => {
    const { client, env, server } = createHarness({ maxReconnectAttempts: 2 });
    client.connect();
    for (const ms of [1000, 2000]) {
      server.socket.close(1006);
      await env.advance(ms);
      expect(client.state).toBe('reconnecting');
    }
    server.socket.close(1006);
    expect(client.state).toBe('failed');
    expect(server.sockets).toHaveLength(3);
  });

  it('tries for ever unless told otherwise', async () => {
    const { client, env, server } = createHarness();
    server.onDial = (socket) => void Promise.resolve().then(() => socket.close(1006));
    client.connect();
    await env.advance(3_600_000);
    expect(server.sockets.length).toBeGreaterThan(100);
    expect(client.state).toBe('reconnecting');
  });
});
