import { connectRaw, skip } from '@thrum/testkit';
import type { TestServer } from '@thrum/testkit/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startServer } from '../../support.ts';
import { eventually } from './eventually.ts';
import { missingRedis, RedisServer } from './server.ts';

describe('two servers on one Redis', () => {
  let stack: AsyncDisposableStack;

  beforeEach((context) => {
    if (missingRedis !== undefined) skip(context, missingRedis);
    stack = new AsyncDisposableStack();
  });
  afterEach(() => stack.disposeAsync());

  async function nodes(redis: RedisServer): Promise<readonly [TestServer, TestServer]> {
    // Never by itself within the test: what heals is what the broker tells.
    const definition = {
      channels: { 'room:{name}': {} },
      redisUrl: redis.url,
      limits: { positionCheckSeconds: 3600 },
    };
    return [stack.use(await startServer(definition)), stack.use(await startServer(definition))];
  }

  async function subscribed(server: TestServer) {
    const client = stack.use(await connectRaw(server.url));
    await client.ask({ type: 'subscribe', channel: 'room:1' });
    return client;
  }

  it('bring each publication to the subscribers of both, in order', async () => {
    const redis = stack.use(await RedisServer.start());
    const [one, other] = await nodes(redis);
    const clients = [await subscribed(one), await subscribed(other)];
    await one.app.publish('room:1', 'message', 1);
    await other.app.publish('room:1', 'message', 2);
    for (const client of clients) {
      expect(await client.next('message')).toMatchObject({ data: 1, offset: 1 });
      expect(await client.next('message')).toMatchObject({ data: 2, offset: 2 });
    }
  });

  it('heal what was published while a node could not hear, as soon as it can again', async () => {
    const redis = stack.use(await RedisServer.start());
    const [one, other] = await nodes(redis);
    const clients = [await subscribed(one), await subscribed(other)];
    await one.app.publish('room:1', 'message', 1);
    for (const client of clients) await client.next('message');
    redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await one.app.publish('room:1', 'message', 2);
    for (const client of clients) {
      expect(await client.next('message')).toMatchObject({ data: 2, offset: 2 });
      await client.expectNothing('message');
    }
  });

  it('keep their clients while Redis is gone, refuse publications, and tell of the loss when it is back', async () => {
    const redis = stack.use(await RedisServer.start());
    const [one] = await nodes(redis);
    const client = await subscribed(one);
    await one.app.publish('room:1', 'message', 1);
    const { position } = await one.app.publish('room:1', 'message', 2);
    await client.next(({ data }) => data === 2);
    await redis.kill();
    const refused = await client.ask({ type: 'message', channel: 'room:1', data: 3 });
    expect(refused).toMatchObject({ type: 'error', code: 'unavailable', retry: true });
    expect(await client.ask({ type: 'ping' })).toMatchObject({ type: 'pong' });
    await redis.start();
    const told = await client.next('subscribed');
    expect(told).toMatchObject({ recovered: false, position: { offset: 0 } });
    expect(told['position']).not.toMatchObject({ epoch: position?.epoch });
    await eventually(() =>
      one.app.publish('room:1', 'message', 4).then(
        () => true,
        () => false,
      ),
    );
    expect(await client.next(({ data }) => data === 4)).toMatchObject({ offset: 1 });
  });
});
