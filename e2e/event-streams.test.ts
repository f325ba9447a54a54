import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { cli, root, ServerProcess } from './server-process.ts';

/** Far beyond the six connections that browsers open to one host over HTTP/1.1. */
const streams = 20;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
  const args = ['--conditions=thrum:source', cli, 'dev-cert', '--dir', folder];
  await promisify(execFile)(process.execPath, args, { cwd: root });
});
afterAll(() => rm(folder, { recursive: true }));

/** Lets Chromium trust this one key, and no other certificate that nobody signed. */
async function trust(): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(join(folder, 'cert.pem')));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return `--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`;
}

interface Hop {
  readonly url: string;
  readonly protocol: string | undefined;
  readonly connectionId: number;
}

/** Over which connection each response came. */
async function watchHops(page: Page): Promise<readonly Hop[]> {
  const hops: Hop[] = [];
  const session = await page.context().newCDPSession(page);
  session.on('Network.responseReceived', ({ response: { url, protocol, connectionId } }) => {
    hops.push({ url, protocol, connectionId });
  });
  await session.send('Network.enable');
  return hops;
}

/** Opens the streams in the page; `window.received` is what came over them. */
function openStreams(count: number): Promise<void> {
  const received: string[] = [];
  Object.assign(window, { received });
  const opened = Array.from({ length: count }, (_, index) => {
    const source = new EventSource(`/events?channel=notifications&stream=${index}`);
    source.addEventListener('notification', ({ data }) => received.push(`${index} ${data}`));
    return new Promise<void>((resolve) => source.addEventListener('thrum:subscribed', () => resolve()));
  });
  return Promise.all(opened).then(() => undefined);
}

test('20 event streams share one HTTP/2 connection, and each gets a notification that the page posts', async () => {
  const tls = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  await using server = new ServerProcess(tls);
  await server.start();
  expect(server.url).toMatch(/^https:/);
  const browser = await launchChromium({ args: [await trust()] });
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/healthz`);
    const hops = await watchHops(page);
    await page.evaluate(openStreams, streams);
    const answer = await page.evaluate(async () => {
      const headers = { 'Content-Type': 'application/json' };
      const response = await fetch('/notifications', { method: 'POST', headers, body: '{"text":"hi"}' });
      return response.text();
    });
    expect(answer).toBe('{"success":true}');
    const wanted = Array.from({ length: streams }, (_, index) => `${index} {"text":"hi"}`);
    await page.waitForFunction(
      (count) => (window as unknown as { received: string[] }).received.length >= count,
      streams,
    );
    const received = await page.evaluate(() => (window as unknown as { received: string[] }).received);
    expect(received.toSorted()).toEqual(wanted.toSorted());
    const over = hops.filter(({ url }) => /\/(events|notifications)\b/.test(url));
    expect(over).toHaveLength(streams + 1);
    expect(new Set(over.map(({ protocol }) => protocol))).toEqual(new Set(['h2']));
    expect(new Set(over.map(({ connectionId }) => connectionId)).size).toBe(1);
  } finally {
    await browser.close();
  }
});
