import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { openWindow, say, saying, state } from './playground.ts';
import { ServerProcess } from './server-process.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser?.close());

test('two windows talk, live through a crash of the server, and every message arrives exactly once', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(browser, server.url, 'Ada');
  const grace = await openWindow(browser, server.url, 'Grace');

  await say(ada, 'Hello from Ada');
  await saying(grace, 'Hello from Ada').waitFor();
  await say(grace, 'Hello from Grace');
  await saying(ada, 'Hello from Grace').waitFor();

  await server.kill();
  await Promise.all([state(ada, 'reconnecting'), state(grace, 'reconnecting')]);
  await say(ada, 'Said by Ada while the server was down');
  await say(grace, 'Said by Grace while the server was down');
  await say(ada, 'And once more by Ada');

  await server.start();
  await Promise.all([state(ada, 'connected'), state(grace, 'connected')]);
  const sentences = [
    'Said by Ada while the server was down',
    'Said by Grace while the server was down',
    'And once more by Ada',
  ];
  for (const page of [ada, grace]) {
    for (const sentence of sentences) await saying(page, sentence).first().waitFor();
  }
  // One more message through both windows: whatever would still come twice has come by then.
  await say(grace, 'The last word');
  for (const page of [ada, grace]) {
    await saying(page, 'The last word').first().waitFor();
    for (const sentence of [...sentences, 'The last word'])
      expect(await saying(page, sentence).count()).toBe(1);
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
