import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startServer } from '@thrum/testkit/server';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle, type Scripts } from './bundle.ts';
import { launchChromium } from './chromium.ts';

let browser: Browser;
let scripts: Scripts;

beforeAll(async () => {
  scripts = await bundle('../packages/client/src/index.ts');
  browser = await launchChromium();
});

afterAll(() => browser?.close());

/** An application of another origin than the server's. */
async function startApplication() {
  const requests: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    requests.push(url);
    const script = scripts.get(url.slice(1));
    response.writeHead(200, { 'Content-Type': script === undefined ? 'text/html' : 'text/javascript' });
    response.end(script ?? '<!doctype html><title>application</title>');
  }).listen(0, 'localhost');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// As text: the test runner would rewrite the import.
const echo = `async (url, transport) => {
  const { createClient } = await import('/page.js');
  const client = createClient(url, { transports: [transport], maxReconnectAttempts: 0 });
  const channel = client.channel('room:a');
  const outcome = new Promise((resolve) => {
    channel.on('message', ({ data }) => resolve(data + ' over ' + client.transport));
    channel.onStatus(({ type }) => type === 'subscribed' && channel.publish('message', 'hi'));
    client.onStateChange((state) => state === 'failed' && resolve('failed'));
  });
  const result = await outcome;
  client.dispose();
  return result;
}`;

test.each(['websocket', 'sse', 'longpoll'])(
  'a page of an allowed origin gets through by %s, and one of another does not',
  async (transport) => {
    await using application = await startApplication();
    await using stranger = await startApplication();
    await using server = await startServer({
      origins: [application.origin],
      channels: { 'room:{name}': {} },
    });
    const run = async (origin: string): Promise<string> => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(origin);
      const result = await page.evaluate(`(${echo})('${server.url}', '${transport}')`);
      await context.close();
      return String(result);
    };
    expect(await run(application.origin)).toBe(`hi over ${transport}`);
    expect(await run(stranger.origin)).toBe('failed');
    // Split off, and loaded by those who need it.
    const loaded = application.requests.filter((path) => path.includes('fallback'));
    expect(loaded).toHaveLength(transport === 'websocket' ? 0 : 1);
  },
);
