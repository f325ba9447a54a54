import { createClient } from '@thrum/client';
import { until } from '@thrum/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, type Scripts, serve } from './bundle.ts';
import { launchChromium } from './chromium.ts';
import type { ReactingPage } from './page/reacting.ts';
import { ServerProcess, tokenOf } from './server-process.ts';

let browser: Browser;
let scripts: Scripts;

beforeAll(async () => {
  scripts = await bundle('page/reacting.ts');
  browser = await launchChromium();
});

afterAll(() => browser?.close());

type Shown = ReturnType<ReactingPage['shown']>;

/** A page with React in it, rendered for Ada. */
async function visit(server: ServerProcess, hydrate = false): Promise<Page> {
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  const page = await context.newPage();
  await page.goto(await serve(context, server.url, scripts));
  await page.waitForFunction(() => 'reacting' in window);
  const token = await tokenOf(server, 'ada');
  await page.evaluate(([given, flag]) => window.reacting.open(given, flag), [token, hydrate] as const);
  return page;
}

const shows = (page: Page, wanted: Partial<Shown>): Promise<void> =>
  expect.poll(() => page.evaluate(() => window.reacting.shown()), { timeout: 15_000 }).toMatchObject(wanted);

const publish = (page: Page, text: string): Promise<void> =>
  page.evaluate((given) => window.reacting.publish(given), text);

test.each(['rendered', 'hydrated'] as const)(
  'a page that is %s in strict mode subscribes once, and hears each publication once with its latest listener',
  async (way) => {
    await using server = new ServerProcess();
    await server.start();
    const page = await visit(server, way === 'hydrated');
    await shows(page, { state: 'connected', status: 'subscribed', members: ['ada'], heard: [] });
    for (const [index, text] of ['a', 'b', 'c'].entries()) {
      await publish(page, text);
      await expect
        .poll(async () => (await page.evaluate(() => window.reacting.shown())).heard.length)
        .toBe(index + 1);
    }
    await shows(page, { heard: ['a @0', 'b @1', 'c @2'] });
    expect(await page.evaluate(() => window.reacting.renders())).toBeGreaterThan(3);
    const sent = await page.evaluate(() => window.reacting.sent());
    expect(sent.filter((frame) => !frame.startsWith('message'))).toEqual(['subscribe chat:first']);
    expect(await page.evaluate(() => window.reacting.errors)).toEqual([]);
  },
);

test('presence, another channel, none, and a lost connection show in the page', async () => {
  await using server = new ServerProcess();
  await server.start();
  const page = await visit(server);
  await shows(page, { status: 'subscribed', members: ['ada'] });

  const token = await tokenOf(server, 'bob');
  const bob = createClient(`${server.url}/ws`, { getToken: () => token });
  bob.channel('chat:first').on('message', () => undefined);
  await shows(page, { members: ['ada', 'bob'] });
  bob.dispose();

  await page.evaluate(() => window.reacting.show('second'));
  await shows(page, { status: 'subscribed', members: ['ada'] });
  const sent = (): Promise<string[]> => page.evaluate(() => window.reacting.sent());
  await until(async () => (await sent()).includes('unsubscribe chat:first'), 'leaving the first channel');

  await page.evaluate(() => window.reacting.show(undefined));
  await shows(page, { state: 'connected', status: 'unsubscribed', members: [] });
  await until(async () => (await sent()).includes('unsubscribe chat:second'), 'leaving the second channel');

  await server.kill();
  await shows(page, { state: 'reconnecting' });
  expect(await page.evaluate(() => window.reacting.errors)).toEqual([]);
});
