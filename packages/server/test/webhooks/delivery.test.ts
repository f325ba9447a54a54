import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cancel, createMemoryStore, type Log, type Store, type UserEvent } from '@thrum/core';
import { until, VirtualEnv } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { createSqliteStore } from '../../src/index.ts';
import { createNodeEnv } from '../../src/node/env.ts';
import { createWebhooks, type Webhooks } from '../../src/webhooks/webhooks.ts';
import type { WebhookOptions } from '../../src/webhooks/options.ts';
import { type Behaviour, dealtWith, type Received, secret, TestBackend } from './backend.ts';

const user = (id: string): UserEvent => ({
  user: { id, anonymous: false, claims: {} },
});

interface Teller {
  readonly env: VirtualEnv;
  readonly webhooks: Webhooks;
  readonly lines: readonly { readonly message: string; readonly fields: unknown }[];
  /** `user.online` of somebody new. */
  tell(id: string): void;
  /** Lets time pass until the fact is true; the requests themselves take real time. */
  pass(fact: () => boolean, what: string, step?: number): Promise<void>;
}

/** Webhooks in virtual time, with a real backend and a real store. */
function teller(
  backend: TestBackend,
  options: WebhookOptions = {},
  store?: Store,
  env = new VirtualEnv(),
): Teller {
  const lines: { message: string; fields: unknown }[] = [];
  const write = (message: string, fields: unknown): void => void lines.push({ message, fields });
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const webhooks = createWebhooks(
    // Requests take real time: the virtual one must not run out meanwhile.
    { eventsUrl: backend.url, secrets: [secret], timeoutSeconds: 86_400, ...options },
    { env, log, development: true, store, node: undefined },
  );
  const hooks = webhooks.hooks(undefined);
  return {
    env,
    webhooks,
    lines,
    tell: (id) => void hooks.online?.(user(id)),
    pass: (fact, what, step = 1000) =>
      until(
        async () => {
          await env.advance(step);
          return fact();
        },
        what,
        30_000,
      ),
  };
}

const failing: Behaviour = (_, response) => (response.writeHead(500).end(), dealtWith);

/** A folder with a store in it. */
class Disk implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'thrum-webhooks-'));

  open(): Store {
    return createSqliteStore({ file: join(this.path, 'store.db'), env: createNodeEnv() });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const idOf = ({ headers }: Received): unknown => headers['webhook-id'];
const bodies = (backend: TestBackend): Map<unknown, Set<string>> => {
  const found = new Map<unknown, Set<string>>();
  for (const received of backend.received.seen) {
    found.set(idOf(received), (found.get(idOf(received)) ?? new Set()).add(received.body));
  }
  return found;
};

describe('delivery', () => {
  it('tries again with the same id and the same body, and a time of its own, and nothing overtakes', async () => {
    await using backend = await TestBackend.start(failing);
    const { env, pass, tell, webhooks } = teller(backend);
    await webhooks.start();
    await pass(() => backend.received.seen.length >= 1, 'the first try');
    tell('ann');
    await pass(() => backend.received.seen.length >= 4, 'four tries');
    expect(bodies(backend).size).toBe(1);
    const [first, , , fourth] = backend.received.seen;
    expect(fourth?.body).toBe(first?.body);
    expect(Number(fourth?.headers['webhook-timestamp'])).toBeGreaterThan(
      Number(first?.headers['webhook-timestamp']),
    );
    backend.behave = () => ({});
    await pass(() => backend.told.length >= 2, 'everything is delivered');
    expect(backend.told).toEqual(['node.started', 'user.online ann']);
    for (const versions of bodies(backend).values()) expect(versions.size).toBe(1);
    await webhooks.close(0);
    expect(env.pending).toBe(0);
  });

  it('waits longer after each failure, half of it random, and not longer than a minute', async () => {
    await using backend = await TestBackend.start(failing);
    const pauses: number[] = [];
    const env = new (class extends VirtualEnv {
      override timer(ms: number, run: () => void): Cancel {
        // The others are those for a request and for gathering.
        if (ms !== 86_400_000 && ms !== 200) pauses.push(ms);
        return super.timer(ms, run);
      }
    })();
    const { pass, webhooks } = teller(backend, {}, undefined, env);
    await webhooks.start();
    await pass(() => pauses.length >= 10, 'ten pauses', 60_000);
    const most = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * 1000);
    const shares = most.map((longest, index) => (pauses[index] ?? 0) / longest);
    for (const share of shares) {
      expect(share).toBeGreaterThanOrEqual(0.5);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(new Set(shares).size).toBe(shares.length);
    await webhooks.close(0);
  });

  it('waits as long as the backend says', async () => {
    const times: number[] = [];
    await using backend = await TestBackend.start();
    const { env, pass, webhooks } = teller(backend);
    backend.behave = (_, response) => {
      times.push(env.monotonic());
      response.writeHead(503, { 'retry-after': '30' }).end();
      return dealtWith;
    };
    await webhooks.start();
    await pass(() => times.length >= 2, 'a second try');
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(30_000);
    await webhooks.close(0);
  });

  it('gives up what is too old, and says how much', async () => {
    await using backend = await TestBackend.start(failing);
    const { lines, pass, tell, webhooks } = teller(backend, { retrySeconds: 10 });
    await webhooks.start();
    tell('ann');
    const givenUp = (): boolean => lines.some(({ message }) => message === 'webhook events were given up');
    await pass(givenUp, 'the batch is given up');
    backend.behave = () => ({});
    tell('bob');
    await pass(() => backend.told.includes('user.online bob'), 'the next is delivered');
    const { request } = backend.received.seen.at(-1) ?? {};
    expect(request).toMatchObject({ data: { dropped: 2 } });
    await webhooks.close(0);
  });

  it('gives up what the backend refuses ten times, and goes on with the next', async () => {
    await using backend = await TestBackend.start(({ body }, response) => {
      if (!body.includes('"poison"')) return {};
      response.writeHead(422).end();
      return dealtWith;
    });
    const { pass, tell, webhooks } = teller(backend);
    await webhooks.start();
    await pass(() => backend.told.includes('node.started'), 'the start');
    tell('poison');
    await pass(() => backend.received.seen.length >= 2, 'the refusal');
    tell('bob');
    await pass(() => backend.received.seen.at(-1)?.body.includes('"bob"') === true, 'the next');
    const tries = backend.received.seen.filter(({ body }) => body.includes('"poison"'));
    expect(tries).toHaveLength(10);
    expect(new Set(tries.map(idOf)).size).toBe(1);
    await webhooks.close(0);
  });

  it('holds so many events and no more; the oldest give way, but what is under way stays whole', async () => {
    const answers: (() => void)[] = [];
    await using backend = await TestBackend.start((_, response) => {
      answers.push(() => response.end());
      return dealtWith;
    });
    const { lines, pass, tell, webhooks } = teller(backend, { pendingEvents: 50, batchEvents: 10 });
    await webhooks.start();
    await pass(() => answers.length === 1, 'the first request');
    for (let number = 0; number < 200; number += 1) tell(`u${number}`);
    backend.behave = () => ({});
    answers[0]?.();
    await pass(() => backend.told.includes('user.online u199'), 'the newest');
    // The next batch that begins says what was given up after the last one had begun.
    tell('last');
    await pass(() => backend.told.includes('user.online last'), 'the last');
    const numbers = backend.told.slice(1, -1).map((line) => Number(line.replace('user.online u', '')));
    // A run up to the newest, and what is missing before it is in the bodies.
    expect(numbers).toEqual(numbers.map((_, index) => 200 - numbers.length + index));
    expect(numbers.length).toBeLessThanOrEqual(60);
    const dropped = backend.received.seen
      .map(({ request }) => (request.type === 'events' ? request.data.dropped : 0))
      .reduce((sum, count) => sum + count, 0);
    expect(dropped + numbers.length).toBe(200);
    expect(lines.filter(({ message }) => message === 'webhook events were given up')).not.toHaveLength(0);
    await webhooks.close(0);
  });

  it('goes on after a restart with what was not delivered, with the same ids, bodies and order', async () => {
    using disk = new Disk();
    await using backend = await TestBackend.start(failing);
    const before = disk.open();
    const first = teller(backend, { batchEvents: 3 }, before);
    await first.webhooks.start();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) first.tell(id);
    await first.pass(() => backend.received.seen.length >= 2, 'two tries');
    await first.webhooks.close(0);
    await before.close();
    const tried = backend.received.seen.length;
    backend.behave = () => ({});
    const after = disk.open();
    const second = teller(backend, { batchEvents: 3 }, after, new VirtualEnv({ seed: 2 }));
    await second.webhooks.start();
    await second.pass(() => backend.told.length >= 8, 'everything is delivered');
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => `user.online ${id}`);
    expect(backend.told).toEqual(['node.started', ...names, 'node.started']);
    for (const versions of bodies(backend).values()) expect(versions.size).toBe(1);
    expect(idOf(backend.received.seen[tried] as Received)).toBe(idOf(backend.received.seen[0] as Received));
    await second.webhooks.close(0);
    await after.close();
    // Nothing is left behind that a third one would send again.
    const last = disk.open();
    const found = await Promise.all(
      Array.from({ length: 256 }, (_, slot) => last.get('webhooks', `batch:${slot}`)),
    );
    expect(found.filter((record) => record !== undefined)).toEqual([]);
    await last.close();
  });

  it('loses at most the last moment to a crash: what had waited its time is on disk', async () => {
    using disk = new Disk();
    await using backend = await TestBackend.start(failing);
    const before = disk.open();
    const first = teller(backend, {}, before);
    await first.webhooks.start();
    await first.pass(() => backend.received.seen.length >= 1, 'the first try');
    for (const id of ['a', 'b', 'c']) first.tell(id);
    // The batch is open and nobody can take it; after batchSeconds it is stored as far as it has come.
    const stored = async (): Promise<string | undefined> =>
      JSON.stringify(await before.get('webhooks', 'batch:1'));
    await until(async () => {
      await first.env.advance(50);
      return (await stored())?.includes('\\"c\\"') === true;
    }, 'the open batch is on disk');
    // The process ends here: nothing is closed, another one opens the same file.
    await before.close();
    backend.behave = () => ({});
    const after = disk.open();
    const second = teller(backend, {}, after, new VirtualEnv({ seed: 2 }));
    await second.webhooks.start();
    await second.pass(() => backend.told.length >= 5, 'everything is delivered');
    expect(backend.told).toEqual([
      'node.started',
      'user.online a',
      'user.online b',
      'user.online c',
      'node.started',
    ]);
    await second.webhooks.close(0);
    await after.close();
    await first.webhooks.close(0);
  });

  it('keeps its place in the store to itself, full or empty, over many batches', async () => {
    using disk = new Disk();
    await using backend = await TestBackend.start(failing);
    const before = disk.open();
    const first = teller(backend, { batchEvents: 2, pendingEvents: 1000 }, before);
    await first.webhooks.start();
    // With node.started an even number: 255 full batches and an open one, which take every place there is.
    for (let number = 0; number < 600; number += 1) first.tell(`u${number}`);
    await first.pass(() => backend.received.seen.length >= 1, 'a try');
    await first.webhooks.close(0);
    await before.close();
    backend.behave = () => ({});
    const after = disk.open();
    const second = teller(backend, {}, after, new VirtualEnv({ seed: 2 }));
    await second.webhooks.start();
    await second.pass(() => backend.told.at(-1) === 'node.started', 'everything is delivered');
    const numbers = backend.told
      .filter((line) => line.startsWith('user'))
      .map((line) => Number(line.slice(13)));
    expect(numbers).toEqual(numbers.map((_, index) => 600 - numbers.length + index));
    expect(numbers.length).toBeGreaterThanOrEqual(2 * 254);
    await second.webhooks.close(0);
    await after.close();
  }, 60_000);

  it('goes on where the store fails, and says so', async () => {
    await using backend = await TestBackend.start();
    const env = new VirtualEnv();
    const broken: Store = {
      ...createMemoryStore(env),
      durable: true,
      get: () => Promise.resolve(undefined),
      put: () => Promise.reject(new Error('the disk is full')),
      delete: () => Promise.reject(new Error('the disk is full')),
    };
    const { lines, pass, tell, webhooks } = teller(backend, {}, broken, env);
    await webhooks.start();
    tell('ann');
    await pass(() => backend.told.length >= 2, 'everything is delivered');
    expect(lines.map(({ message }) => message)).toContain(
      'webhook events could not be stored and may not survive a restart',
    );
    await webhooks.close(0);
  });

  it('closes with what it can still send, and leaves nothing behind', async () => {
    await using backend = await TestBackend.start();
    const env = new VirtualEnv();
    const { tell, webhooks } = teller(backend, { batchEvents: 2 }, undefined, env);
    await webhooks.start();
    for (const id of ['a', 'b', 'c', 'd']) tell(id);
    await webhooks.close(30_000);
    expect(backend.told).toHaveLength(5);
    expect(env.pending).toBe(0);
    await until(() => backend.sockets.size === 0, 'no connection is left');
    tell('late');
    await env.advance(60_000);
    expect(backend.told).toHaveLength(5);
    expect(env.pending).toBe(0);
  });
});
