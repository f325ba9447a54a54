import { createClient } from '@thrum/client';
import { until, within } from '@thrum/testkit';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, type Scripts, serve } from './bundle.ts';
import { launchChromium } from './chromium.ts';
import type { SharingPage } from './page/sharing.ts';
import { ServerProcess, tokenOf } from './server-process.ts';

let browser: Browser;
let scripts: Scripts;

beforeAll(async () => {
  scripts = await bundle('page/sharing.ts');
  browser = await launchChromium();
});

afterAll(() => browser?.close());

/** Calls the page. */
const ask = <Name extends keyof SharingPage>(
  page: Page,
  name: Name,
  ...args: Parameters<SharingPage[Name]>
): Promise<Awaited<ReturnType<SharingPage[Name]>>> =>
  page.evaluate(([key, rest]) => (window.sharing[key] as (...all: unknown[]) => never)(...rest), [
    name,
    args,
  ] as const);

const asked = <Name extends keyof SharingPage>(page: Page, name: Name, wanted: unknown): Promise<void> =>
  expect.poll(() => ask(page, name, ...([] as never)), { timeout: 20_000 }).toEqual(wanted);

interface Visitor {
  readonly context: BrowserContext;
  /** Opens a tab that is connected and subscribed. */
  visit(user?: string, patience?: number): Promise<Page>;
}

async function visitor(server: ServerProcess): Promise<Visitor> {
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  const url = await serve(context, server.url, scripts);
  return {
    context,
    visit: async (user = 'ada', patience) => {
      const token = await tokenOf(server, user);
      const page = await context.newPage();
      await page.goto(url);
      await page.waitForFunction(() => 'sharing' in window);
      await ask(page, 'open', token, user, patience);
      await expect
        .poll(async () => (await ask(page, 'statuses')).at(-1), { timeout: 20_000 })
        .toBe('subscribed');
      return page;
    },
  };
}

/** Publishes 1, 2, 3 … one after the other, until it is stopped; tells how far it came. */
function publisher(server: ServerProcess) {
  let last = 0;
  const over = new AbortController();
  const client = createClient(`${server.url}/ws`, { backoff: { base: 50, max: 200 } });
  const channel = client.channel('chat:shared');
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await channel.publish('message', last + 1);
      last += 1;
      // The history holds 200: a page that sleeps for 15 seconds shall find all that it missed.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const running = run();
  return {
    /** Once there are this many more. */
    more: async (count: number): Promise<void> => {
      const wanted = last + count;
      await until(() => last >= wanted, `${count} more publications`);
    },
    stop: async (): Promise<number> => {
      over.abort();
      await running;
      client.dispose();
      return last;
    },
  };
}

const socketsOf = (pages: readonly Page[]): Promise<number[]> =>
  Promise.all(pages.map((page) => ask(page, 'sockets')));

/** The page that has the connection, and the others. */
async function leaderOf(pages: readonly Page[]): Promise<{ leader: Page; others: Page[] }> {
  await until(
    async () => (await socketsOf(pages)).filter((count) => count === 1).length === 1,
    'one connection',
  );
  const counts = await socketsOf(pages);
  return {
    leader: pages[counts.indexOf(1)] as Page,
    others: pages.filter((_, index) => counts[index] === 0),
  };
}

/** That a page has heard every number up to the last, from its first on, each once and in order, and was told of no gap. */
async function heardAll(page: Page, last: number): Promise<void> {
  await expect.poll(async () => (await ask(page, 'heard')).at(-1), { timeout: 20_000 }).toBe(last);
  const heard = (await ask(page, 'heard')) as number[];
  const first = heard[0] ?? 0;
  expect(heard).toEqual(Array.from({ length: last - first + 1 }, (_, index) => first + index));
  expect(await ask(page, 'statuses')).not.toContain('reset');
}

test('three tabs have one connection, and each hears, publishes and asks as if it were its own', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const pages = [await visit(), await visit(), await visit()];
  expect((await socketsOf(pages)).toSorted()).toEqual([0, 0, 1]);

  await Promise.all(
    pages.map((page, index) => ask(page, 'publish', ...[1, 2, 3].map((n) => index * 10 + n))),
  );
  for (const page of pages) {
    await expect.poll(async () => (await ask(page, 'heard')).length).toBe(9);
    const heard = (await ask(page, 'heard')) as number[];
    expect(heard.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 11, 12, 13, 21, 22, 23]);
    for (const index of [0, 1, 2])
      expect(heard.filter((n) => Math.floor(n / 10) === index)).toEqual([1, 2, 3].map((n) => index * 10 + n));
    expect(await ask(page, 'history')).toBe(5);
    await asked(page, 'members', 1);
  }
});

test('the channel is left when the last tab leaves it, and not before', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const pages = [await visit(), await visit()];
  const { leader, others } = await leaderOf(pages);
  const [follower] = others as [Page];
  await ask(leader, 'leave');
  await ask(follower, 'publish', 1);
  await asked(follower, 'heard', [1]);
  await expect.poll(async () => (await ask(leader, 'statuses')).at(-1)).toBe('unsubscribed');
  expect(await ask(leader, 'sent')).not.toContain('unsubscribe chat:shared');
  await follower.close();
  await until(
    async () => (await ask(leader, 'sent')).includes('unsubscribe chat:shared'),
    'leaving for a tab that is gone',
  );
  expect(await ask(leader, 'heard')).toEqual([]);
});

test('users do not share', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const pages = [await visit('ada'), await visit('bob')];
  expect(await socketsOf(pages)).toEqual([1, 1]);
});

test.each(['closed', 'crashed', 'frozen', 'reloaded'] as const)(
  'when the tab with the connection is %s, the others go on with nothing lost and nothing twice',
  async (how) => {
    await using server = new ServerProcess();
    await server.start();
    const { context, visit } = await visitor(server);
    const pages = [await visit(), await visit(), await visit()];
    const { leader, others } = await leaderOf(pages);
    const source = publisher(server);
    await source.more(20);
    if (how === 'closed') await leader.close();
    else if (how === 'reloaded') await leader.reload();
    // A headless browser freezes nothing: this is what a page hears before it is.
    else if (how === 'frozen') await leader.evaluate(() => document.dispatchEvent(new Event('freeze')));
    else {
      const session = await context.newCDPSession(leader);
      const crashed = leader.waitForEvent('crash');
      void session.send('Page.crash').catch(() => undefined);
      await within(crashed, () => 'the crash of the page');
    }
    await leaderOf(others);
    await source.more(20);
    const last = await source.stop();
    for (const page of others) await heardAll(page, last);
    await Promise.all(others.map((page) => ask(page, 'publish', 'over')));
    if (how !== 'frozen') return;
    await expect
      .poll(async () => (await ask(leader, 'heard')).slice(-2), { timeout: 20_000 })
      .toEqual(['over', 'over']);
    expect(await ask(leader, 'statuses')).not.toContain('reset');
    expect(await ask(leader, 'sockets')).toBe(0);
  },
);

test('a tab that finds the one with the connection asleep takes over', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const pages = [await visit(), await visit()];
  const { leader, others } = await leaderOf(pages);
  const source = publisher(server);
  await source.more(5);
  const awake = ask(leader, 'block', 6000);
  const third = await visit();
  await leaderOf([third, ...others]);
  await source.more(20);
  await awake;
  await source.more(20);
  const last = await source.stop();
  for (const page of [third, ...others, leader]) await heardAll(page, last);
  await expect.poll(async () => (await socketsOf([third, ...pages])).toSorted()).toEqual([0, 0, 1]);
});

test('a tab whose heartbeat finds the one with the connection asleep takes over', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const pages = [await visit('ada', 1500), await visit('ada', 1500)];
  const { leader, others } = await leaderOf(pages);
  const [follower] = others as [Page];
  const source = publisher(server);
  await source.more(5);
  const awake = ask(leader, 'block', 15_000);
  await asked(follower, 'sockets', 1);
  await source.more(20);
  await awake;
  const last = await source.stop();
  for (const page of pages) await heardAll(page, last);
});

test('a tab that disconnects leaves the connection to the others', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const { leader, others } = await leaderOf([await visit(), await visit()]);
  const [follower] = others as [Page];
  await ask(leader, 'disconnect');
  await ask(follower, 'publish', 1);
  await asked(follower, 'heard', [1]);
  expect(await ask(follower, 'statuses')).toEqual(['subscribing', 'subscribed']);
  await ask(follower, 'disconnect');
  await asked(leader, 'sockets', 0);
});

test('when the server restarts, all come back over one connection', async () => {
  await using server = new ServerProcess();
  await server.start();
  const { visit } = await visitor(server);
  const pages = [await visit(), await visit(), await visit()];
  await ask(pages[0] as Page, 'publish', 1, 2);
  for (const page of pages) await asked(page, 'heard', [1, 2]);
  await server.kill();
  for (const page of pages) await asked(page, 'state', 'reconnecting');
  await server.start();
  for (const page of pages) await asked(page, 'state', 'connected');
  await ask(pages[1] as Page, 'publish', 3);
  for (const page of pages) await asked(page, 'heard', [1, 2, 3]);
  expect((await socketsOf(pages)).toSorted()).toEqual([0, 0, 1]);
});
