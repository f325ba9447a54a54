import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { openWindow, say, saying, state } from './playground.ts';
import { ServerProcess } from './server-process.ts';

let browser: Browser;

beforeAll(async () => {
  // Chromium keeps left pages alive by default; Playwright switches that off by default.
  browser = await launchChromium({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
});

afterAll(() => browser?.close());

/** Notes in the page whether it came back from the back/forward cache rather than being loaded anew. */
async function watchRestores(page: Page): Promise<void> {
  await page.evaluate(() => {
    window.addEventListener('pageshow', (event) => {
      if (event.persisted) document.title = 'restored';
    });
  });
}

test('a page that is left and returned to from the back/forward cache has missed nothing', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');
  await say(ada, 'before');
  await saying(grace, 'before').waitFor();
  await watchRestores(grace);

  await grace.goto(`${server.url}/healthz`);
  await say(ada, 'while Grace was away');
  await saying(ada, 'while Grace was away').waitFor();
  // A page out of the cache never fires `load` again.
  await grace.goBack({ waitUntil: 'commit' });

  await state(grace, 'connected');
  await saying(grace, 'while Grace was away').waitFor();
  expect(await saying(grace, 'while Grace was away').count()).toBe(1);
  expect(await saying(grace, 'before').count()).toBe(1);
  expect(await grace.title()).toBe('restored');
});

test('a page that goes offline says so, queues, and sends when it is back', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');
  await ada.context().setOffline(true);
  await ada.getByTestId('kill-connection').click();
  await state(ada, 'reconnecting');
  await say(ada, 'written in a tunnel');
  await ada.context().setOffline(false);
  await state(ada, 'connected');
  await saying(grace, 'written in a tunnel').waitFor();
  for (const page of [ada, grace]) expect(await saying(page, 'written in a tunnel').count()).toBe(1);
});
