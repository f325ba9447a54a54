import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import {
  connectEvents,
  connectRaw,
  exchange,
  openSocket,
  spawnNode,
  upgradeRequest,
  within,
} from '@thrum/testkit';
import { describe, expect, it } from 'vitest';

async function run(
  example: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: ChildProcess; url: string } & AsyncDisposable> {
  const script = fileURLToPath(new URL(`../../../examples/${example}`, import.meta.url));
  const child = spawnNode([script], {
    env: { ...process.env, PORT: '0', NODE_ENV: 'development', ...env },
  });
  const started = Promise.withResolvers<string>();
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    const url = /^http:\/\/[\d.]+:\d+$/m.exec(output)?.[0];
    if (url !== undefined) started.resolve(url);
  });
  child.once('exit', (code) => started.reject(new Error(`${example} ended with ${code}: ${output}`)));
  const url = await within(started.promise, () => `the start of ${example}`);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  };
  return { child, url, [Symbol.asyncDispose]: stop };
}

describe('live-metrics.ts', () => {
  it('sends of each metric the newest, and accounts for the rest', async () => {
    await using example = await run('live-metrics.ts');
    await using client = await connectRaw(`${example.url.replace('http', 'ws')}/ws`);
    expect(await client.ask({ type: 'subscribe', channel: 'metrics:local' })).toMatchObject({ maxRate: 10 });
    const seen: unknown[] = [];
    let gaveWay = 0;
    while (seen.length < 12) {
      const { data, conflated = 0 } = await client.next('update');
      seen.push((data as { readonly name: string }).name);
      gaveWay += Number(conflated);
    }
    expect(new Set(seen)).toEqual(new Set(['cpu', 'heap']));
    expect(gaveWay).toBeGreaterThan(12);
  });
});

describe.each(['node', 'express', 'fastify', 'hono'])('embed-%s.ts', (framework) => {
  it('serves its own route, WebSockets and nothing on other upgrades, and ends on SIGTERM', async () => {
    await using example = await run(`embed-${framework}.ts`);
    expect(await (await fetch(`${example.url}/hello`)).text()).toMatch(/^Hello from /);

    await using client = await connectRaw(`${example.url.replace('http', 'ws')}/ws`);
    expect(await client.ask({ type: 'subscribe', channel: 'chat:x' })).toMatchObject({
      type: 'subscribed',
    });
    client.send({ type: 'message', channel: 'chat:x', data: 'hi' });
    expect(await client.next((frame) => 'offset' in frame)).toMatchObject({
      channel: 'chat:x',
      data: 'hi',
    });

    const socket = await openSocket(example.url);
    const foreign = await exchange(socket, upgradeRequest('127.0.0.1', { path: '/foreign' }));
    expect(foreign.status).toBe(404);
    socket.destroy();

    const exited = once(example.child, 'exit');
    example.child.kill('SIGTERM');
    expect(await client.next('reconnect')).toMatchObject({ reason: 'Service restart' });
    expect((await client.closed()).code).toBe(1012);
    const [code] = (await within(exited, () => 'the end of the process')) as [number | null];
    expect(code).toBe(0);
  });
});

describe.each(['node', 'express', 'fastify'])('embed-%s.ts', (framework) => {
  it(
    'serves the HTTP API and event streams, and leaves other requests as they were',
    { timeout: 20_000 },
    async () => {
      await using example = await run(`embed-${framework}.ts`);
      await using client = await connectRaw(`${example.url.replace('http', 'ws')}/ws`);
      await client.ask({ type: 'subscribe', channel: 'notifications' });
      await using events = await connectEvents(`${example.url}/events`);
      await events.next('connected');
      await events.next('thrum:subscribed');
      const response = await fetch(`${example.url}/notifications`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"text":"hi"}',
      });
      expect(await response.text()).toBe('{"success":true}');
      expect(await client.next('notification')).toMatchObject({ data: { text: 'hi' } });
      expect(await events.next('notification')).toMatchObject({ data: '{"text":"hi"}' });

      expect(await (await fetch(`${example.url}/hello`)).text()).toMatch(/^Hello from /);
      for (const [method, path] of [
        ['GET', '/notifications'],
        ['GET', '/nothing'],
        ['GET', '/healthz'],
      ] as const) {
        const { status, headers } = await fetch(example.url + path, { method });
        expect({ status, isOurs: headers.get('content-type') === 'application/problem+json' }).toEqual({
          status: 404,
          isOurs: false,
        });
      }
    },
  );
});

describe('embed-express.ts', () => {
  it('publishes from a route', async () => {
    await using example = await run('embed-express.ts');
    await using client = await connectRaw(`${example.url.replace('http', 'ws')}/ws`);
    await client.ask({ type: 'subscribe', channel: 'chat:lobby' });
    const response = await fetch(`${example.url}/announce/lobby`, { method: 'POST' });
    expect(await response.json()).toMatchObject({ offset: 1 });
    expect(await client.next((frame) => 'offset' in frame)).toMatchObject({ data: { text: 'Hello, room' } });
  });
});

describe('contract/server.ts', () => {
  it('refuses at run time what would not compile', async () => {
    await using example = await run('contract/server.ts');
    await using client = await connectRaw(`${example.url.replace('http', 'ws')}/ws`);
    const channel = 'chat:lobby';
    expect(await client.ask({ type: 'message', channel, data: { text: 1 } })).toMatchObject({
      code: 'invalid_data',
    });
    expect(await client.ask({ type: 'message', channel, data: { text: 'hi' } })).toMatchObject({
      type: 'ack',
    });
    const ask = (b: number) => client.ask({ type: 'call', method: 'divide', params: { a: 6, b } });
    expect(await ask(3)).toMatchObject({ data: { result: 2 } });
    expect(await ask(0)).toMatchObject({ code: 'rejected', message: 'b must not be 0' });
  });
});

describe('funds-transfer.ts', () => {
  it('moves money once, over repeats, a kill -9, and a result that was never stored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'thrum-bank-'));
    await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    const start = () => run('funds-transfer.ts', { THRUM_DATA_DIR: folder });
    const dial = ({ url }: { url: string }) =>
      connectRaw(`${url.replace('http', 'ws')}/ws`, { headers: { Authorization: 'Bearer alice' } });
    const ask = async (example: { url: string }, id: string, amount: number) => {
      await using client = await dial(example);
      const { data, code } = await client.ask({
        type: 'call',
        method: 'transfer',
        params: { to: 'bob', amount },
        id,
      });
      return code ?? data;
    };
    {
      await using example = await start();
      expect(await ask(example, 't-1', 30)).toEqual({ id: 1, balance: 70 });
      expect(await ask(example, 't-1', 30)).toEqual({ id: 1, balance: 70 });
      expect(await ask(example, 't-1', 31)).toBe('id_conflict');
      expect(await ask(example, 't-2', 50)).toEqual({ id: 2, balance: 20 });
      expect(await ask(example, 't-3', 50)).toBe('rejected');
      // Disposed of by SIGKILL.
    }
    {
      await using example = await start();
      // The stored result, with the balance of its own time: the handler did not run again.
      expect(await ask(example, 't-1', 30)).toEqual({ id: 1, balance: 70 });
    }
    // As after a crash between the commit of the transfer and the storing of its result.
    for (const end of ['', '-wal', '-shm']) await rm(join(folder, `store.db${end}`), { force: true });
    await using example = await start();
    expect(await ask(example, 't-2', 50)).toEqual({ id: 2, balance: 20 });
    expect(await ask(example, 't-4', 20)).toEqual({ id: 3, balance: 0 });
  });

  it('is asked by the SDK until it answers, over a server that dies, and moves money once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'thrum-bank-'));
    await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    const first = await run('funds-transfer.ts', { THRUM_DATA_DIR: folder });
    const { url } = first;
    expect(await askForTransfer(url, 'bob', '30', 't-1')).toEqual({ id: 1, balance: 70 });
    await first[Symbol.asyncDispose]();
    // While nobody is there: it waits, and so does the repeat of the one that was answered before.
    const [waiting, repeat] = [
      askForTransfer(url, 'bob', '20', 't-2'),
      askForTransfer(url, 'bob', '30', 't-1'),
    ];
    await using _second = await run('funds-transfer.ts', { THRUM_DATA_DIR: folder, PORT: new URL(url).port });
    expect(await waiting).toEqual({ id: 2, balance: 50 });
    expect(await repeat).toEqual({ id: 1, balance: 70 });
    expect(await askForTransfer(url, 'bob', '51', 't-3')).toMatchObject({ code: 'rejected', id: 't-3' });
  });
});

async function askForTransfer(url: string, ...args: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL('../../../examples/funds-transfer-client.ts', import.meta.url));
  const child = spawnNode([script, ...args], { env: { ...process.env, URL: url } });
  const said = await within(text(child.stdout), () => 'the answer of the client', 20_000);
  return JSON.parse(said) as unknown;
}
