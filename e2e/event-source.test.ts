import { connectRaw, until } from '@thrum/testkit';
import { EventSource as NodeEventSource } from 'eventsource';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { ServerProcess } from './server-process.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser?.close());

const channels = ['chat:one', 'notifications'] as const;
const query = `channel=${channels.join('&channel=')}`;

interface Received {
  readonly channel: string;
  readonly n: number;
}

/** Publishes so many to each channel, each acknowledged and so on disk. */
async function publish(server: ServerProcess, from: number, to: number): Promise<void> {
  await using client = await connectRaw(`${server.url.replace('http', 'ws')}/ws`);
  await client.next('welcome');
  for (let n = from; n <= to; n += 1) {
    for (const channel of channels) {
      const answer = await client.ask({
        type: 'message',
        channel,
        event: 'notification',
        data: { channel, n },
      });
      expect(answer.type).toBe('ack');
    }
  }
}

/** Everything up to `to` came, in each channel in order, each once. */
function isWhole(received: readonly Received[], to: number): void {
  for (const channel of channels) {
    const numbers = received.filter((each) => each.channel === channel).map(({ n }) => n);
    expect(numbers, channel).toEqual(Array.from({ length: to }, (_, index) => index + 1));
  }
}

/**
 * A stream meets two crashes. What is published right before one may not have reached the stream, and what is published
 * right after it comes before the stream is back.
 */
async function survives(server: ServerProcess, count: () => Promise<number>): Promise<void> {
  await publish(server, 1, 5);
  await server.kill();
  await server.start();
  await publish(server, 6, 10);
  await until(async () => (await count()) >= 20, 'everything from before and after the crash came', 30_000);
  await publish(server, 11, 12);
  await server.kill();
  await server.start();
  await publish(server, 13, 15);
  await until(async () => (await count()) >= 30, 'everything came', 30_000);
}

test('Chromium’s EventSource gets every event once, in order, over crashes of the server', async () => {
  await using server = new ServerProcess();
  await server.start();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/healthz`);
  await page.evaluate(async (url) => {
    const received: unknown[] = [];
    const resets: unknown[] = [];
    const source = new EventSource(url);
    source.addEventListener('notification', (event) => received.push(JSON.parse(event.data)));
    source.addEventListener('thrum:reset', (event) => resets.push(event.data));
    Object.assign(window, { received, resets });
    let joined = 0;
    await new Promise<void>((resolve) => {
      source.addEventListener('thrum:subscribed', () => {
        joined += 1;
        if (joined === 2) resolve();
      });
    });
  }, `/events?${query}`);
  const read = (): Promise<{ received: Received[]; resets: unknown[] }> =>
    page.evaluate(() => {
      const { received, resets } = window as unknown as { received: Received[]; resets: unknown[] };
      return { received, resets };
    });
  await survives(server, async () => (await read()).received.length);
  const { received, resets } = await read();
  isWhole(received, 15);
  expect(resets).toEqual([]);
});

test('the page of the guide works as it stands', async () => {
  await using server = new ServerProcess();
  await server.start();
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${server.url}/healthz`);
  const opened = page.evaluate(
    () =>
      new Promise<unknown>((resolve) => {
        const eventSource = new EventSource('/events');
        eventSource.addEventListener('connected', (event) => resolve(JSON.parse(event.data)));
        const told: unknown[] = [];
        Object.assign(window, { told });
        eventSource.addEventListener('message', (event) => told.push(['message', JSON.parse(event.data)]));
        eventSource.addEventListener('notification', (event) =>
          told.push(['notification', JSON.parse(event.data)]),
        );
      }),
  );
  expect(await opened).toMatchObject({ message: 'Connected to event stream', channels: ['notifications'] });
  await using client = await connectRaw(`${server.url.replace('http', 'ws')}/ws`);
  await client.next('welcome');
  await client.ask({ type: 'message', channel: 'notifications', data: 'plain' });
  await client.ask({ type: 'message', channel: 'notifications', event: 'notification', data: { n: 1 } });
  const told = (): Promise<unknown[]> => page.evaluate(() => (window as unknown as { told: unknown[] }).told);
  await until(async () => (await told()).length === 2, 'both events came');
  expect(await told()).toEqual([
    ['message', 'plain'],
    ['notification', { n: 1 }],
  ]);
});

test('the eventsource package of Node gets every event once, in order, over crashes of the server', async () => {
  await using server = new ServerProcess();
  await server.start();
  const received: Received[] = [];
  const resets: unknown[] = [];
  const source = new NodeEventSource(`${server.url}/events?${query}`);
  try {
    let joined = 0;
    source.addEventListener('thrum:subscribed', () => (joined += 1));
    source.addEventListener('thrum:reset', (event) => resets.push(event.data));
    source.addEventListener('notification', (event) =>
      received.push(JSON.parse(event.data as string) as Received),
    );
    await until(() => joined === 2, 'the stream is open');
    await survives(server, () => Promise.resolve(received.length));
    isWhole(received, 15);
    expect(resets).toEqual([]);
  } finally {
    source.close();
  }
});
