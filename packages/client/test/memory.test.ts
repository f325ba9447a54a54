import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRig, createStorage } from './support/networks.ts';
import type { Network, Rig } from './support/networks.ts';

beforeAll(() => import('../src/fallback/index.ts'));
afterEach(() => {
  vi.unstubAllGlobals();
});

const hour = 3_600_000;

async function page(network: Network, transport: string, later = 0): Promise<Rig> {
  const rig = createRig();
  rig.env.sleep(later);
  rig.network = network;
  rig.client.connect();
  await rig.connected(transport);
  return rig;
}

function stubStorage(storage: object = createStorage()) {
  vi.stubGlobal('window', { localStorage: storage });
  return storage as ReturnType<typeof createStorage>;
}

describe('what a network needs is remembered', () => {
  it('for the pages of the next hour, which begin with it', async () => {
    const storage = stubStorage();
    const first = await page('blocked', 'sse');
    first.client.dispose();
    expect(storage.size).toBe(1);
    for (const later of [0, hour - 1]) {
      const rig = await page('blocked', 'sse', later);
      expect(rig.dials()).toBe(0);
      rig.client.dispose();
    }
  });

  it('and no longer', async () => {
    stubStorage();
    (await page('blocked', 'sse')).client.dispose();
    const rig = await page('open', 'websocket', hour);
    expect(rig.http.requests).toEqual([]);
  });

  it('for each address on its own', async () => {
    stubStorage();
    (await page('blocked', 'sse')).client.dispose();
    const key = 'thrum:transport:ws://test/ws';
    expect(window.localStorage.getItem(key)).toMatch(/^sse \d+$/u);
  });

  it('until a WebSocket gets through', async () => {
    const storage = stubStorage();
    const rig = await page('blocked', 'sse');
    rig.network = 'open';
    await rig.pass(60_000);
    await rig.connected('websocket');
    expect(storage.size).toBe(0);
  });

  it('anew whenever one was looked for in vain', async () => {
    stubStorage();
    const rig = await page('blocked', 'sse');
    for (const minutes of [1, 2, 4, 8, 16, 32]) await rig.pass(minutes * 60_000);
    const next = await page('blocked', 'sse', 90 * 60_000);
    expect(next.dials()).toBe(0);
  });

  it('but not against the evidence: what does not work any more is followed by the rest', async () => {
    stubStorage();
    (await page('blocked', 'sse')).client.dispose();
    const rig = createRig();
    rig.http.fault = () => 500;
    rig.client.connect();
    await rig.connected('websocket');
    expect(rig.http.count('GET /connect/sse')).toBe(1);
  });

  it.each(['sse', 'sse soon', 'sse 99999999999999', 'gopher 1795300001000', '', '{}'])(
    'and %j is no memory',
    async (found) => {
      stubStorage({ ...createStorage(), getItem: () => found });
      expect((await page('open', 'websocket')).http.requests).toEqual([]);
    },
  );

  it.each([
    ['throws', { getItem: forbid, setItem: forbid, removeItem: forbid }],
    ['is full', { ...createStorage(), setItem: forbid }],
  ])('as far as storage allows: one that %s', async (_, storage) => {
    stubStorage(storage);
    await page('blocked', 'sse');
  });

  it('not with a single transport', async () => {
    const storage = stubStorage();
    (await page('blocked', 'sse')).client.dispose();
    const rig = createRig({ transports: ['websocket'] });
    rig.client.connect();
    await rig.connected('websocket');
    expect(storage.size).toBe(1);
  });
});

function forbid(): never {
  throw new DOMException('Denied', 'SecurityError');
}
