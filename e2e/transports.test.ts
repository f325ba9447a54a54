import { startHttpProxy } from '@thrum/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { openWindow, say, saying, state, travels } from './playground.ts';
import { ServerProcess } from './server-process.ts';

let browser: Browser;

beforeAll(async () => {
  // Chromium keeps left pages alive by default; Playwright switches that off by default.
  browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
});

afterAll(() => browser?.close());

/** Notes each address that the page asks for from now on. */
function requestsOf(page: Page): string[] {
  const paths: string[] = [];
  page.on('request', (request) => paths.push(new URL(request.url()).pathname));
  return paths;
}

async function talk(ada: Page, grace: Page): Promise<void> {
  await say(ada, 'Hello from Ada');
  await saying(grace, 'Hello from Ada').waitFor();
  await say(grace, 'Hello from Grace');
  await saying(ada, 'Hello from Grace').waitFor();
}

async function choose(page: Page, transport: string): Promise<void> {
  await page.getByTestId('transport').selectOption(transport);
  await travels(page, transport);
}

describe('a page left to itself', () => {
  test('travels by WebSocket, and loads nothing for the other ways', async () => {
    await using server = new ServerProcess();
    await server.start();
    const ada = await openWindow(browser, server.url, 'Ada');
    const paths = requestsOf(ada);
    await ada.reload();
    await travels(ada, 'websocket');
    await expectLabel(ada, 'Auto: WebSocket');
    expect(paths.filter((path) => /fallback|connect/u.test(path))).toEqual([]);
  });

  test.each([
    ['refused', { upgrades: 'refuse' }, 'sse', 'Auto: SSE'],
    ['never answered', { upgrades: 'swallow' }, 'sse', 'Auto: SSE'],
    [
      'refused, and streams held back',
      { upgrades: 'refuse', buffering: true },
      'longpoll',
      'Auto: Long poll',
    ],
  ] as const)('gets through where WebSockets are %s', async (_, faults, transport, label) => {
    await using server = new ServerProcess();
    await server.start();
    await using proxy = await startHttpProxy(server.url);
    Object.assign(proxy, faults);
    const ada = await openWindow(browser, proxy.httpUrl, 'Ada');
    await travels(ada, transport);
    await expectLabel(ada, label);
    const grace = await openWindow(browser, server.url, 'Grace');
    await talk(ada, grace);
    // The next page knows, and does not ask in vain.
    const asked = proxy.count('upgrade');
    await ada.reload();
    await travels(ada, transport);
    await saying(ada, 'Hello from Grace').waitFor();
    expect(proxy.count('upgrade')).toBe(asked);
  });
});

describe.each(['websocket', 'sse', 'longpoll'])('a page that is told to travel by %s', (transport) => {
  test('does, and misses nothing and says nothing twice when the connection and the server are killed', async () => {
    await using server = new ServerProcess();
    await server.start();
    const ada = await openWindow(browser, server.url, 'Ada');
    const grace = await openWindow(browser, server.url, 'Grace');
    await choose(ada, transport);
    await choose(grace, transport);
    await talk(ada, grace);
    await grace.getByTestId('kill-connection').click();
    await say(ada, 'while Grace was cut off');
    await saying(grace, 'while Grace was cut off').waitFor();
    await server.kill();
    await Promise.all([state(ada, 'reconnecting'), state(grace, 'reconnecting')]);
    await say(ada, 'said to nobody');
    await server.start();
    await Promise.all([travels(ada, transport), travels(grace, transport)]);
    for (const page of [ada, grace]) {
      await saying(page, 'said to nobody').waitFor();
      for (const text of ['Hello from Ada', 'Hello from Grace', 'while Grace was cut off', 'said to nobody'])
        expect(await saying(page, text).count()).toBe(1);
      expect(await page.getByTestId('divider').count()).toBe(0);
    }
  });

  test('has missed nothing when it comes out of the back/forward cache', async () => {
    await using server = new ServerProcess();
    await server.start();
    const ada = await openWindow(browser, server.url, 'Ada');
    const grace = await openWindow(browser, server.url, 'Grace');
    await choose(grace, transport);
    await grace.evaluate(() => {
      window.addEventListener('pageshow', (event) => {
        if (event.persisted) document.title = 'restored';
      });
    });
    await grace.goto(`${server.url}/healthz`);
    await say(ada, 'while Grace was away');
    await saying(ada, 'while Grace was away').waitFor();
    // A page out of the cache never fires `load` again.
    await grace.goBack({ waitUntil: 'commit' });
    await travels(grace, transport);
    await saying(grace, 'while Grace was away').waitFor();
    expect(await grace.title()).toBe('restored');
  });
});

async function expectLabel(page: Page, label: string): Promise<void> {
  await page
    .getByTestId('transport')
    .locator('option:checked', { hasText: label })
    .waitFor({ state: 'attached' });
}
