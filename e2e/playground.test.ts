import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { ServerProcess } from './server-process.ts';

const shots = process.env['E2E_SHOTS'];
let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser?.close());

async function openWindow(url: string, name: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 860, height: 720 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByTestId('name-input').fill(name);
  await page.getByTestId('name-input').press('Enter');
  await state(page, 'connected');
  return page;
}

async function state(page: Page, wanted: string): Promise<void> {
  await page.locator(`[data-testid=connection-state][data-state=${wanted}]`).waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('message-input').fill(text);
  await page.getByTestId('message-input').press('Enter');
}

function saying(page: Page, text: string): ReturnType<Page['locator']> {
  return page.getByTestId('message').filter({ hasText: text });
}

async function shot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

test('two windows talk, live through a crash of the server, and every message arrives exactly once', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(server.url, 'Ada');
  const grace = await openWindow(server.url, 'Grace');

  await say(ada, 'Hello from Ada');
  await saying(grace, 'Hello from Ada').waitFor();
  await say(grace, 'Hello from Grace');
  await saying(ada, 'Hello from Grace').waitFor();
  await shot(ada, 'connected');

  await server.kill();
  await Promise.all([state(ada, 'reconnecting'), state(grace, 'reconnecting')]);
  await say(ada, 'Said by Ada while the server was down');
  await say(grace, 'Said by Grace while the server was down');
  await say(ada, 'And once more by Ada');
  await shot(ada, 'reconnecting');

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
  await shot(ada, 'recovered');
});

test('a killed connection comes back and misses nothing', async () => {
  await using server = new ServerProcess();
  await server.start();
  const ada = await openWindow(server.url, 'Ada');
  const grace = await openWindow(server.url, 'Grace');
  await say(ada, 'before');
  await saying(grace, 'before').waitFor();
  await grace.getByTestId('kill-connection').click();
  await say(ada, 'meanwhile');
  await saying(grace, 'meanwhile').waitFor();
  await state(grace, 'connected');
  expect(await saying(grace, 'meanwhile').count()).toBe(1);
  expect(await saying(grace, 'before').count()).toBe(1);
});
