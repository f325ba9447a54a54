import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { install, openWindow, say, saying, state } from './playground.ts';
import { ServerProcess } from './server-process.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser?.close());

const whileDown = [
  'Said by Ada while the server was down',
  'Said by Grace while the server was down',
  'And once more by Ada',
];

/** Kills the server under two windows that go on talking, and starts it again. */
async function crash(server: ServerProcess, ada: Page, grace: Page, meanwhile: () => void): Promise<void> {
  await server.kill();
  await Promise.all([state(ada, 'reconnecting'), state(grace, 'reconnecting')]);
  await say(ada, whileDown[0] ?? '');
  await say(grace, whileDown[1] ?? '');
  await say(ada, whileDown[2] ?? '');
  meanwhile();
  await server.start();
  await Promise.all([state(ada, 'connected'), state(grace, 'connected')]);
}

/** What was said while the server was down is there once, in both windows. */
async function expectOnce(ada: Page, grace: Page): Promise<void> {
  for (const page of [ada, grace]) {
    for (const sentence of whileDown) await saying(page, sentence).first().waitFor();
  }
  // One more message through both windows: whatever would still come twice has come by then.
  await say(grace, 'The last word');
  for (const page of [ada, grace]) {
    await saying(page, 'The last word').first().waitFor();
    for (const sentence of [...whileDown, 'The last word'])
      expect(await saying(page, sentence).count()).toBe(1);
  }
}

async function talk(ada: Page, grace: Page): Promise<void> {
  await say(ada, 'Hello from Ada');
  await saying(grace, 'Hello from Ada').waitFor();
  await say(grace, 'Hello from Grace');
  await saying(ada, 'Hello from Grace').waitFor();
}

test('two windows talk, live through a crash of the server, and every message arrives exactly once', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');
  await talk(ada, grace);
  await crash(server, ada, grace, () => undefined);
  await expectOnce(ada, grace);
  // The log is on disk: nothing is missing, and nobody is told that something might be.
  for (const page of [ada, grace]) expect(await page.getByTestId('divider').count()).toBe(0);
});

test('a server that lost its log says so, and what is said from then on arrives exactly once', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');
  await talk(ada, grace);
  await crash(server, ada, grace, () => server.wipe());
  await expectOnce(ada, grace);
  for (const page of [ada, grace]) {
    expect(await page.locator('[data-testid=divider][data-reason=reset]').count()).toBe(1);
  }
});

test('a killed connection comes back and misses nothing', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');
  await say(ada, 'before');
  await saying(grace, 'before').waitFor();
  await grace.getByTestId('kill-connection').click();
  await say(ada, 'meanwhile');
  await saying(grace, 'meanwhile').waitFor();
  await state(grace, 'connected');
  expect(await saying(grace, 'meanwhile').count()).toBe(1);
  expect(await saying(grace, 'before').count()).toBe(1);
});

test('messages queued while the server is down are still queued after a reload, and then delivered once', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');
  await install(ada);
  await say(grace, 'before');
  await saying(ada, 'before').waitFor();
  await server.kill();
  await state(ada, 'reconnecting');
  await say(ada, 'first');
  await say(ada, 'second');
  await saying(ada, 'second').waitFor();
  await ada.reload();
  for (const text of ['first', 'second']) {
    await saying(ada, text).waitFor();
    expect(await saying(ada, text).getAttribute('data-message-state')).toBe('pending');
  }
  await server.start();
  await state(ada, 'connected');
  await saying(grace, 'second').waitFor();
  await say(grace, 'The last word');
  for (const page of [ada, grace]) {
    await saying(page, 'The last word').waitFor();
    const texts = await page.getByTestId('message').locator('p').allTextContents();
    expect(texts).toEqual(['before', 'first', 'second', 'The last word']);
  }
});
