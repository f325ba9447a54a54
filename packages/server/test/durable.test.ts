import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRaw } from '@thrum/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, createThrum, type Thrum } from '../src/index.ts';

let dataDir: string;
const log = createLog({ level: 'silent' });

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'thrum-durable-'));
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

function durable(): Thrum {
  const app = createThrum({ channels: { 'orders:{shop}': { tier: 'durable' } }, dataDir, log });
  return app as unknown as Thrum;
}

describe('a durable channel', () => {
  it('goes on after a restart where it was: same epoch, next offset, the same answer to a repeat', async () => {
    const first = durable();
    await first.listen({ port: 0 });
    const before = await first.publish('orders:7', 'message', { n: 1 }, { id: 'a' });
    await first.close({ drainMs: 0 });

    await using second = durable();
    const { url } = await second.listen({ port: 0 });
    expect(await second.publish('orders:7', 'message', { n: 1 }, { id: 'a' })).toEqual({
      position: before.position,
      duplicate: true,
    });
    const after = await second.publish('orders:7', 'message', { n: 2 });
    expect(after.position).toEqual({ epoch: before.position?.epoch, offset: 2 });

    await using client = await connectRaw(`${url.replace('http', 'ws')}/ws`);
    const since = before.position;
    expect(await client.ask({ type: 'subscribe', channel: 'orders:7', since })).toMatchObject({
      type: 'subscribed',
      recovered: true,
    });
    expect(await client.next('message')).toMatchObject({ data: { n: 2 }, offset: 2 });
  });

  it('remembers after a restart how far a named subscriber came', async () => {
    const auth = { authenticate: (token: string) => ({ userId: token }) };
    const channels = { 'orders:{shop}': { tier: 'durable' as const } };
    const subscribe = { type: 'subscribe', channel: 'orders:7', ack: true, name: 'worker' };
    const first = createThrum({ channels, auth, dataDir, log });
    const { url } = await first.listen({ port: 0 });
    {
      await using worker = await connectRaw(`${url.replace('http', 'ws')}/ws?token=ada`);
      await worker.ask(subscribe);
      for (const n of [1, 2, 3]) await first.publish('orders:7', 'message', { n });
      worker.send({ type: 'ack', channel: 'orders:7', offset: 2 });
      await worker.ask({ type: 'ping' });
    }
    await first.close({ drainMs: 0 });

    await using second = createThrum({ channels, auth, dataDir, log });
    const again = await second.listen({ port: 0 });
    await using worker = await connectRaw(`${again.url.replace('http', 'ws')}/ws?token=ada`);
    expect(await worker.ask(subscribe)).toMatchObject({ recovered: true, position: { offset: 2 } });
    expect(await worker.next('message')).toMatchObject({ data: { n: 3 }, offset: 3 });
  });

  it('keeps a second server from the same folder, and says why', async () => {
    await using first = durable();
    await first.listen({ port: 0 });
    await using second = durable();
    await expect(second.listen({ port: 0 })).rejects.toThrow(/in use by another process/);
  });

  it('is not written to by a server that never started', async () => {
    const app = durable();
    await app.close({ drainMs: 0 });
    expect(await readdir(dataDir)).toEqual([]);
  });
});
