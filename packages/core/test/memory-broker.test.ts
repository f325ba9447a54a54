import { VirtualEnv } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { type Broker, createMemoryBroker, type Draft } from '../src/index.ts';

const retention = { size: 10, ttl: 60_000 };
const draft = (channel: string): Draft => ({ channel, event: 'message', data: 1, timestamp: 0 });

function logsOf(broker: Broker): number {
  return (broker as unknown as { readonly logs: Map<string, unknown> }).logs.size;
}

describe('the memory broker', () => {
  it('forgets names that were only asked about, and a position in them stays good', async () => {
    const env = new VirtualEnv();
    const broker = createMemoryBroker(env);
    const stop = await broker.subscribe('seen', () => {});
    const before = await broker.read('seen', { limit: 0 });
    stop();
    for (let i = 0; i < 1000; i += 1) await broker.read(`made-up-${i}`, { limit: 0 });
    expect(logsOf(broker)).toBe(1001);
    await env.advance(60_000);
    expect(logsOf(broker)).toBe(0);
    expect(env.pending).toBe(0);
    await broker.publish('seen', draft('seen'), { retention });
    expect(await broker.read('seen', { limit: 10 })).toMatchObject({ epoch: before.epoch, offset: 1 });
  });

  it('gives a log that it has forgotten another epoch', async () => {
    const env = new VirtualEnv();
    const broker = createMemoryBroker(env);
    await broker.publish('a', draft('a'), { retention });
    const before = await broker.read('a', { limit: 0 });
    await env.advance(3_700_000);
    expect(logsOf(broker)).toBe(0);
    const after = await broker.read('a', { limit: 0 });
    expect(after.epoch).not.toBe(before.epoch);
    expect(after.offset).toBe(0);
  });

  it('keeps the place of a log whose publications have expired, as long as somebody listens', async () => {
    const env = new VirtualEnv();
    const broker = createMemoryBroker(env);
    const stop = await broker.subscribe('a', () => {});
    await broker.publish('a', draft('a'), { retention });
    const { epoch } = await broker.read('a', { limit: 0 });
    await env.advance(10_000_000);
    expect(await broker.read('a', { limit: 10 })).toEqual({ epoch, offset: 1, oldest: 2, publications: [] });
    stop();
    broker.close();
    expect(env.pending).toBe(0);
  });
});
