import type { Publication } from '@thrum/protocol';
import { EventQueue, skip } from '@thrum/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createRedisBroker,
  type Log,
  type RedisBroker,
  type RedisBrokerOptions,
} from '../../../src/index.ts';
import { silentLog } from '../../support.ts';
import { eventually } from './eventually.ts';
import { missingRedis, RedisServer } from './server.ts';

const kept = { retention: { size: 100, ttl: 3_600_000 } };
const draft = (data: unknown) => ({ channel: 'c', event: 'message', data, timestamp: 1 });
const aof = ['--appendonly', 'yes', '--appendfsync', 'always'];

describe('Redis and its failures', () => {
  const stack = { current: new AsyncDisposableStack() };

  beforeEach((context) => {
    if (missingRedis !== undefined) skip(context, missingRedis);
    stack.current = new AsyncDisposableStack();
  });
  afterEach(() => stack.current.disposeAsync());

  async function serve(options: readonly string[] = []): Promise<RedisServer> {
    return stack.current.use(await RedisServer.start(options));
  }

  function open(server: RedisServer, options: Partial<RedisBrokerOptions> = {}): RedisBroker {
    const broker = createRedisBroker({ url: server.url, log: silentLog, timeoutMs: 2000, ...options });
    stack.current.defer(() => broker.close());
    return broker;
  }

  async function publish(broker: RedisBroker, data: unknown) {
    const outcome = await broker.publish('c', draft(data), kept);
    if (outcome.kind !== 'published' || outcome.position === undefined) throw new Error(outcome.kind);
    return outcome.position;
  }

  const dataOf = async (broker: RedisBroker): Promise<unknown[]> =>
    (await broker.read('c', { limit: 100 })).publications.map(({ data }) => data);

  /** Until Redis has been found again. */
  const published = (broker: RedisBroker, data: unknown): Promise<void> =>
    eventually(() =>
      publish(broker, data).then(
        () => true,
        () => false,
      ),
    );

  it('refuses with a retryable error while Redis is gone, and begins a new epoch when it comes back empty', async () => {
    const server = await serve();
    const broker = open(server);
    const before = await publish(broker, 1);
    await server.kill();
    await expect(publish(broker, 2)).rejects.toMatchObject({ reason: 'unavailable', retryable: true });
    await expect(broker.read('c', { limit: 0 })).rejects.toMatchObject({ retryable: true });
    await server.start();
    await published(broker, 3);
    const page = await broker.read('c', { limit: 10 });
    expect(page.epoch).not.toBe(before.epoch);
    expect(page.publications.map(({ offset, data }) => [offset, data])).toEqual([[1, 3]]);
    expect(broker.stats).toMatchObject({ state: 'ready', epochChanges: 1 });
    expect(broker.stats.restarts).toBeGreaterThan(0);
  });

  it('keeps history and epoch over kill -9 with appendfsync always', async () => {
    const server = await serve(aof);
    const broker = open(server, { durable: true });
    await broker.ready;
    expect(broker.durable).toBe(true);
    const before = await publish(broker, 1);
    await server.kill();
    await server.start();
    await published(broker, 2);
    const page = await broker.read('c', { limit: 10 });
    expect([page.epoch, page.offset]).toEqual([before.epoch, 2]);
    expect(await dataOf(open(server))).toEqual([1, 2]);
  });

  it.for([
    ['auto', false],
    ['keep', true],
  ] as const)('with appendfsync everysec and restarts: %s keeps the epoch: %s', async ([restarts, keeps]) => {
    const server = await serve(['--appendonly', 'yes']);
    const broker = open(server, { restarts });
    const before = await publish(broker, 1);
    // Read once, or it has no way to know in which process the epoch was last seen.
    await dataOf(broker);
    await server.kill('SIGTERM');
    await server.start();
    await eventually(() =>
      broker.read('c', { limit: 0 }).then(
        () => true,
        () => false,
      ),
    );
    const page = await broker.read('c', { limit: 10 });
    expect(page.epoch === before.epoch).toBe(keeps);
    expect(page.publications.map(({ data }) => data)).toEqual(keeps ? [1] : []);
  });

  it('gives up after timeoutMs, with the outcome unknown, and goes on when Redis does', async () => {
    const server = await serve();
    const broker = open(server, { timeoutMs: 300 });
    await publish(broker, 1);
    server.command('CLIENT', 'PAUSE', '100000', 'WRITE');
    const sent = performance.now();
    await expect(publish(broker, 2)).rejects.toMatchObject({ reason: 'timeout', outcome: 'unknown' });
    expect(performance.now() - sent).toBeGreaterThan(290);
    server.command('CLIENT', 'UNPAUSE');
    await published(broker, 3);
    // 2 was on its way, and came to pass before what followed it.
    expect(await dataOf(broker)).toEqual([1, 2, 3]);
  });

  it('tells subscribers at once when a channel has begun anew after FLUSHALL', async () => {
    const server = await serve();
    const [one, other] = [open(server), open(server)];
    const missed = new EventQueue<string>();
    await one.subscribe(
      'c',
      () => undefined,
      () => missed.push('missed'),
    );
    const before = await publish(other, 1);
    server.command('FLUSHALL');
    const after = await publish(other, 2);
    expect(after.offset).toBe(1);
    expect(after.epoch).not.toBe(before.epoch);
    await missed.next(() => true);
    expect(other.stats.epochChanges).toBe(1);
  });

  it('refuses publications of a full Redis, still reads, and goes on when there is room', async () => {
    const server = await serve();
    const broker = open(server);
    await publish(broker, 1);
    server.command('CONFIG', 'SET', 'maxmemory', '1mb');
    await expect(publish(broker, 2)).rejects.toMatchObject({
      reason: 'full',
      retryable: true,
      outcome: 'unchanged',
      after: 10_000,
    });
    expect(await dataOf(broker)).toEqual([1]);
    server.command('CONFIG', 'SET', 'maxmemory', '0');
    await publish(broker, 3);
    expect(await dataOf(broker)).toEqual([1, 3]);
    expect(broker.stats).toMatchObject({ written: 2, failed: 1 });
  });

  /** What a replica that lacks the last writes, or an older file, looks like. */
  function rollBack(server: RedisServer, offset: number): void {
    server.command('HSET', 'thrum:{c}:meta', 'offset', String(offset));
    for (const id of server.command('EVAL', entryIds, '1', 'thrum:{c}:log').split('\n')) {
      if (Number.parseInt(id, 10) > offset) server.command('XDEL', 'thrum:{c}:log', id);
    }
  }
  const entryIds = `local ids = {}
    for index, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do ids[index] = entry[1] end
    return ids`;

  it('begins a new epoch when the log ends below what this node has seen', async () => {
    const server = await serve();
    const broker = open(server);
    let before = { epoch: '', offset: 0 };
    for (let n = 1; n <= 5; n += 1) before = await publish(broker, n);
    rollBack(server, 3);
    const after = await publish(broker, 'next');
    expect(after.offset).toBe(1);
    expect(after.epoch).not.toBe(before.epoch);
  });

  it('begins a new epoch when another node has published into a log that was rolled back', async () => {
    const server = await serve();
    const [one, other] = [open(server), open(server)];
    const heard = new EventQueue<Publication>();
    const missed = new EventQueue<string>();
    await one.subscribe(
      'c',
      (publication) => heard.push(publication),
      () => missed.push('missed'),
    );
    const before = await publish(one, 1);
    await publish(one, 2);
    await heard.next(({ offset }) => offset === 2);
    rollBack(server, 1);
    // It has seen nothing of the channel, so its second publication stands where another one stood.
    expect(await publish(other, 'again')).toEqual({ ...before, offset: 2 });
    await missed.next(() => true);
    await eventually(async () => (await other.read('c', { limit: 0 })).epoch !== before.epoch);
    expect(heard.seen.map(({ data }) => data)).toEqual([1, 2]);
  });

  it('keeps the order of publications while scripts are flushed', async () => {
    const server = await serve();
    const broker = open(server, { maxBatch: 3 });
    const all: Promise<unknown>[] = [];
    for (let n = 1; n <= 300; n += 1) {
      all.push(publish(broker, n));
      if (n % 30 === 0) {
        server.command('SCRIPT', 'FLUSH');
        await all.at(-5);
      }
    }
    await Promise.all(all);
    const { publications } = await broker.read('c', { limit: 1000 });
    expect(publications.map(({ data }) => data)).toEqual(Array.from({ length: 100 }, (_, n) => n + 201));
  });

  it('listens only to channels with subscribers, once for all of them', async () => {
    const server = await serve();
    const broker = open(server);
    const channels = () => server.command('PUBSUB', 'CHANNELS').split('\n');
    const stops = [
      await broker.subscribe('a', () => undefined),
      await broker.subscribe('a', () => undefined),
      await broker.subscribe('b', () => undefined),
    ];
    expect(channels().toSorted()).toEqual(['thrum:{a}:pub0', 'thrum:{b}:pub0']);
    stops[0]?.();
    stops[2]?.();
    await eventually(() => channels().join() === 'thrum:{a}:pub0');
    stops[1]?.();
    const again = broker.subscribe('a', () => undefined);
    await again;
    expect(channels()).toEqual(['thrum:{a}:pub0']);
  });

  it('is not durable where Redis does not sync each write, and is once it does', async () => {
    const server = await serve();
    const broker = open(server, { durable: true });
    const refusal = { reason: 'not_durable', retryable: true };
    await expect(broker.ready).rejects.toMatchObject(refusal);
    await expect(broker.ready).rejects.toThrow('`appendonly yes` and `appendfsync always`');
    await expect(publish(broker, 1)).rejects.toMatchObject(refusal);
    server.command('CONFIG', 'SET', 'appendfsync', 'always', 'appendonly', 'yes');
    server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await published(broker, 2);
    expect(await dataOf(broker)).toEqual([2]);
  });

  it('warns of a Redis that deletes keys when it is full', async () => {
    const server = await serve(['--maxmemory-policy', 'allkeys-lru']);
    const warnings: unknown[] = [];
    const log: Log = { ...silentLog, warn: (message, fields) => warnings.push([message, fields]) };
    await open(server, { log }).ready;
    expect(warnings).toEqual([[expect.stringContaining('noeviction'), { policy: 'allkeys-lru' }]]);
  });

  it('says which Redis cannot be reached, never the password, and finds it later', async () => {
    const server = await serve();
    server.command('CONFIG', 'SET', 'requirepass', 'sesame');
    const url = `redis://:hunter2@127.0.0.1:${server.port}`;
    const lines: unknown[] = [];
    const tell = (...line: unknown[]): void => void lines.push(line.map(String));
    const log: Log = { debug: tell, info: tell, warn: tell, error: tell };
    const broker = open(server, { url, log, timeoutMs: 500 });
    await expect(broker.ready).rejects.toThrow(`127.0.0.1:${server.port} cannot be reached`);
    await expect(publish(broker, 1)).rejects.toMatchObject({ retryable: true });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
    expect(() => createRedisBroker({ url: 'http://:hunter2@x' })).toThrow(
      new TypeError('url: expected redis://host:port or rediss://host:port'),
    );
    server.command('-a', 'sesame', '--no-auth-warning', 'CONFIG', 'SET', 'requirepass', 'hunter2');
    await published(broker, 2);
  });
});
