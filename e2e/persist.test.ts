import { createClient } from '@thrum/client';
import { startProxy, until, within } from '@thrum/testkit';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, type Scripts, serve } from './bundle.ts';
import { launchChromium } from './chromium.ts';
import type { PersistingPage } from './page/persisting.ts';
import { ServerProcess, tokenOf } from './server-process.ts';

let browser: Browser;
let scripts: Scripts;

beforeAll(async () => {
  scripts = await bundle('page/persisting.ts');
  browser = await launchChromium();
});

afterAll(() => browser?.close());

type Method = Exclude<keyof PersistingPage, 'restored' | 'errors' | 'laws'>;

/** Calls the page, or reads what it holds. */
const ask = <T>(page: Page, name: keyof PersistingPage, ...args: unknown[]): Promise<T> =>
  page.evaluate(
    ([key, rest]) => {
      const member = window.persisting[key as Method] as unknown;
      return typeof member === 'function' ? (member as (...all: unknown[]) => T)(...rest) : (member as T);
    },
    [name, args] as const,
  );

interface Visitor {
  readonly context: BrowserContext;
  /** Opens a tab, or loads the page of one anew, with the SDK in it. */
  visit(page?: Page, user?: string): Promise<Page>;
}

/** A browser profile of its own, with Ada in it; other users where a test says so. */
async function visitor(server: ServerProcess, origin: string = server.url): Promise<Visitor> {
  // A page that a test serves has no address of its own, and would have to ask before it may connect to this machine.
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  const url = await serve(context, origin, scripts);
  const tokens = new Map<string, string>();
  for (const user of ['ada', 'bob']) tokens.set(user, await tokenOf(server, user));
  return {
    context,
    visit: async (old, user = 'ada') => {
      const page = old ?? (await context.newPage());
      await (old === undefined ? page.goto(url) : page.reload());
      await page.waitForFunction(() => 'persisting' in window);
      await ask(page, 'open', tokens.get(user), user);
      return page;
    },
  };
}

/** Another client, which listens from the beginning and stays. */
async function witness(server: ServerProcess) {
  const token = await tokenOf(server, 'witness');
  const client = createClient(`${server.url}/ws`, { getToken: () => token, backoff: { base: 50, max: 200 } });
  const heard: unknown[] = [];
  const channel = client.channel('chat:reloads');
  channel.on('message', ({ data }) => heard.push(data));
  await until(() => channel.status === 'subscribed', 'the subscription');
  let rounds = 0;
  const values = (): unknown[] => heard.filter((value) => !String(value).startsWith('end'));
  return {
    /** Resolves when this many came, and whatever would still come twice has come. */
    hears: async (count: number): Promise<unknown[]> => {
      await until(() => values().length >= count, `hearing ${count}`);
      const end = `end ${(rounds += 1)}`;
      await channel.publish('message', end);
      await until(() => heard.includes(end), 'hearing the end');
      return values();
    },
    heard,
    publish: (value: unknown) => channel.publish('message', value),
    [Symbol.dispose]: () => client.dispose(),
  };
}

const waitFor = (page: Page, name: keyof PersistingPage, wanted: unknown): Promise<void> =>
  expect.poll(() => ask(page, name)).toEqual(wanted);

test('storage in IndexedDB keeps its laws', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(await serve(context, 'http://127.0.0.1:1', scripts));
  const laws = await ask<string[]>(page, 'laws');
  expect(laws.length).toBeGreaterThan(10);
  for (const law of laws) expect([law, await ask(page, 'check', law)]).toEqual([law, undefined]);
  await context.close();
});

test('what was queued while the server was down arrives once and in order, over two reloads', async () => {
  await using server = new ServerProcess();
  await server.start();
  using other = await witness(server);
  const { visit } = await visitor(server);
  const page = await visit();
  await waitFor(page, 'state', 'connected');
  await server.kill();
  await ask(page, 'publish', 1, 2, 3);
  await visit(page);
  await waitFor(page, 'restored', [1, 2, 3]);
  await ask(page, 'publish', 4, 5);
  await visit(page);
  await waitFor(page, 'restored', [1, 2, 3, 4, 5]);
  await server.start();
  expect(await other.hears(5)).toEqual([1, 2, 3, 4, 5]);
  await waitFor(page, 'queued', 0);
  await visit(page);
  await waitFor(page, 'state', 'connected');
  expect(await ask(page, 'restored')).toEqual([]);
  expect(await other.hears(5)).toEqual([1, 2, 3, 4, 5]);
});

test.each(['up', 'down'] as const)(
  'what was sent into a network frozen %s arrives once and in order, though the page was reloaded',
  async (direction) => {
    await using server = new ServerProcess();
    await server.start();
    await using proxy = await startProxy(server.url);
    using other = await witness(server);
    const { visit } = await visitor(server, new URL(proxy.url).origin);
    const page = await visit();
    await waitFor(page, 'state', 'connected');
    proxy.freeze(direction);
    await ask(page, 'publish', 1, 2, 3);
    // Downwards frozen, the server has them and only the acks are missing.
    if (direction === 'down') await until(() => other.heard.length === 3, 'hearing 3');
    await visit(page);
    await waitFor(page, 'restored', [1, 2, 3]);
    await ask(page, 'publish', 4);
    proxy.thaw();
    expect(await other.hears(4)).toEqual([1, 2, 3, 4]);
    await waitFor(page, 'queued', 0);
  },
);

test('a tab that is closed, and one whose process is killed, leave their queues to the next', async () => {
  await using server = new ServerProcess();
  await server.start();
  using other = await witness(server);
  const { context, visit } = await visitor(server);
  const first = await visit();
  await waitFor(first, 'state', 'connected');
  await server.kill();
  await ask(first, 'publish', 1, 2);
  await first.close();

  const second = await visit();
  await waitFor(second, 'restored', [1, 2]);
  await ask(second, 'publish', 3);
  const crashed = second.waitForEvent('crash');
  const session = await context.newCDPSession(second);
  // It never answers: nobody is left.
  void session.send('Page.crash').catch(() => undefined);
  await within(crashed, () => 'the crash of the page');

  const third = await visit();
  await waitFor(third, 'restored', [1, 2, 3]);
  await server.start();
  expect(await other.hears(3)).toEqual([1, 2, 3]);
  await waitFor(third, 'queued', 0);
});

test('two tabs of one user send each message once; what a closed one left, the other takes over', async () => {
  await using server = new ServerProcess();
  await server.start();
  using other = await witness(server);
  const { visit } = await visitor(server);
  const [left, right] = [await visit(), await visit()];
  for (const page of [left, right]) await waitFor(page, 'state', 'connected');
  await server.kill();
  await ask(left, 'publish', 1, 2);
  await ask(right, 'publish', 11, 12);
  // While the left tab lives its messages are its own.
  await visit(right);
  await waitFor(right, 'restored', [11, 12]);
  await left.close();
  await server.start();
  const heard = await other.hears(4);
  expect(heard.filter((value) => Number(value) < 10)).toEqual([1, 2]);
  expect(heard.filter((value) => Number(value) > 10)).toEqual([11, 12]);
  expect(await ask(right, 'restored')).toEqual([11, 12, 1, 2]);
});

test('another user of the same browser sends nothing of what the first one left', async () => {
  await using server = new ServerProcess();
  await server.start();
  using other = await witness(server);
  const { visit } = await visitor(server);
  const page = await visit();
  await waitFor(page, 'state', 'connected');
  await server.kill();
  await ask(page, 'publish', 1);
  await visit(page, 'bob');
  await ask(page, 'publish', 2);
  await server.start();
  expect(await other.hears(1)).toEqual([2]);
  expect(await ask(page, 'restored')).toEqual([]);
  await visit(page, 'ada');
  expect(await other.hears(2)).toEqual([2, 1]);
});

test('a page that is reloaded hears what was said meanwhile, once', async () => {
  await using server = new ServerProcess();
  await server.start();
  using other = await witness(server);
  const { visit, context } = await visitor(server);
  const page = await visit();
  await ask(page, 'listen');
  await waitFor(page, 'heard', ['subscribed']);
  await other.publish('before');
  const begun = ['subscribed', 'before'];
  await waitFor(page, 'heard', begun);
  await page.goto('about:blank');
  await other.publish('meanwhile');
  await page.goBack();
  await visit(page);
  await ask(page, 'listen');
  await other.publish('then');
  const back = [...begun, 'recovered', 'meanwhile', 'then'];
  await waitFor(page, 'heard', back);

  // Gone without a word, a moment after its place was written: nothing is missing, though what was not written comes again.
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  void session.send('Page.crash').catch(() => undefined);
  await within(crashed, () => 'the crash of the page');
  await other.publish('after the crash');
  const next = await visit();
  await ask(next, 'listen');
  const heard = (): Promise<unknown[]> => ask(next, 'heard');
  await expect.poll(heard).toContain('after the crash');
  const [status, ...said] = await heard();
  expect(status).toBe('recovered');
  expect(['meanwhile', 'then', 'after the crash'].slice(-said.length)).toEqual(said);
  await context.close();
});

test('a browser without storage is told so once, and the SDK works', async () => {
  await using server = new ServerProcess();
  await server.start();
  using other = await witness(server);
  const { context, visit } = await visitor(server);
  await context.addInitScript(() => {
    Object.defineProperty(globalThis, 'indexedDB', {
      get: () => {
        throw new DOMException('forbidden', 'SecurityError');
      },
    });
  });
  const page = await visit();
  await ask(page, 'publish', 1);
  expect(await other.hears(1)).toEqual([1]);
  expect(await ask(page, 'errors')).toEqual(['SecurityError: forbidden']);
});
