// Prints what the SQLite broker does on this machine: `node --conditions=thrum:source throughput.ts [folder]`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteBroker } from '../../../src/brokers/sqlite/broker.ts';

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'thrum-throughput-'));
const log = { debug() {}, info() {}, warn: console.warn, error: console.error };
const broker = createSqliteBroker({ file: folder, log });
const retention = { size: 10_000, ttl: 3_600_000 };
let number = 0;

async function publish(withKey: boolean): Promise<void> {
  const n = (number += 1);
  const channel = `chat:${n % 50}`;
  const data = { text: 'a message of ordinary length, as people write them', n };
  const draft = { channel, event: 'message', data, id: `m-${n}`, from: 'alice', timestamp: Date.now() };
  const idempotency = { key: `alice\u0000m-${n}`, fingerprint: '1a.2b.3c', ttl: 3_600_000 };
  await broker.publish(channel, draft, { retention, ...(withKey ? { idempotency } : {}) });
}

/** `count` publications, so many at a time. */
async function measure(label: string, count: number, atOnce: number, withKey: boolean): Promise<void> {
  const { commits, written } = broker.stats;
  const took: number[] = [];
  const started = performance.now();
  let left = count;
  const one = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const begun = performance.now();
      await publish(withKey);
      took.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const seconds = (performance.now() - started) / 1000;
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(2);
  const perSecond = (value: number): string => Math.round(value / seconds).toLocaleString('en');
  console.log(
    `${label.padEnd(34)} ${perSecond(broker.stats.written - written).padStart(8)} rows/s ` +
      `${perSecond(broker.stats.commits - commits).padStart(6)} commits/s   p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`,
  );
}

/** Readings of 100, one after the other, while `busy` runs. */
async function measureReads(label: string, busy: () => Promise<void>): Promise<void> {
  const state = { done: false };
  const work = busy().then(() => {
    state.done = true;
  });
  const took: number[] = [];
  do {
    const begun = performance.now();
    await broker.read(`chat:${took.length % 50}`, { limit: 100, reverse: true });
    took.push(performance.now() - begun);
  } while (!state.done || took.length < 300);
  await work;
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(2);
  console.log(
    `${label.padEnd(34)} ${String(took.length).padStart(8)} reads   p50 ${at(0.5)} ms  p99 ${at(0.99)} ms`,
  );
}

try {
  await broker.ready;
  await measure('warming up', 5000, 100, true);
  await measure('one at a time', 2000, 1, true);
  await measure('1,000 in flight', 100_000, 1000, true);
  await measure('1,000 in flight, without keys', 100_000, 1000, false);
  await measure('10,000 in flight, without keys', 100_000, 10_000, false);
  await measureReads('100 of a history, idle', async () => undefined);
  await measureReads('100 of a history, while publishing', () =>
    measure('… meanwhile, 1,000 in flight', 50_000, 1000, true),
  );
} finally {
  await broker.close();
  rmSync(folder, { recursive: true });
}
