import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Draft, LogPage, PublishOptions, PublishOutcome } from '@thrum/core';
import type { Position } from '@thrum/protocol';
import { onTestFinished } from 'vitest';
import { SqliteFileBroker } from '../../../src/brokers/sqlite/broker.ts';
import { spawnWorker } from '../../../src/brokers/sqlite/link.ts';
import type { EpochChange, SqliteBrokerOptions } from '../../../src/brokers/sqlite/options.ts';
import { createNodeEnv } from '../../../src/node/env.ts';
import { silentLog } from '../../support.ts';

export const hour = 3_600_000;
export const kept: PublishOptions = { retention: { size: 1000, ttl: hour } };

/** A folder that goes when the test has ended. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'thrum-sqlite-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Opened {
  readonly broker: SqliteFileBroker;
  readonly file: string;
  readonly changes: EpochChange[];
  /** What was logged as a warning or an error. */
  readonly lines: string[];
}

/** A broker that is closed when the test has ended; without `file`, on a new one. */
export function open(options: Partial<SqliteBrokerOptions> = {}, spawn = spawnWorker): Opened {
  const { file = join(folder(), 'thrum.db') } = options;
  const changes: EpochChange[] = [];
  const lines: string[] = [];
  const note = (message: string, fields?: object, error?: unknown): void => {
    lines.push(`${message} ${JSON.stringify(fields)} ${error instanceof Error ? error.message : ''}`);
  };
  const broker = new SqliteFileBroker(
    {
      env: createNodeEnv(),
      log: { ...silentLog, warn: note, error: note },
      onEpochChange: (change) => changes.push(change),
      ...options,
      file,
    },
    spawn,
  );
  onTestFinished(() => broker.close());
  return { broker, file, changes, lines };
}

export function draft(data: unknown, channel = 'c'): Draft {
  return { channel, event: 'message', data, from: 'alice', timestamp: 1_795_300_000_000 };
}

export function keyed(key: string, fingerprint = 'f', ttl: number = hour): PublishOptions {
  return { ...kept, idempotency: { key, fingerprint, ttl } };
}

export function following(follows: string, key: string): PublishOptions {
  return { ...kept, idempotency: { key, fingerprint: 'f', ttl: hour, follows } };
}

export async function publish(
  { broker }: Opened,
  data: unknown,
  options: PublishOptions = kept,
  channel = 'c',
): Promise<PublishOutcome> {
  return broker.publish(channel, draft(data, channel), options);
}

/** Publishes `from` to `to` at once; the last position. */
export async function publishRange(opened: Opened, from: number, to: number): Promise<Position> {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const all = await Promise.all(numbers.map((n) => publish(opened, n)));
  return positionOf(all.at(-1));
}

export function positionOf(outcome: PublishOutcome | undefined): Position {
  if (outcome !== undefined && 'position' in outcome && outcome.position !== undefined)
    return outcome.position;
  throw new Error(`no position: ${JSON.stringify(outcome)}`);
}

export function readAll({ broker }: Opened, channel = 'c'): Promise<LogPage> {
  return broker.read(channel, { limit: 100_000 });
}

export async function dataOf(opened: Opened, channel = 'c'): Promise<unknown[]> {
  return (await readAll(opened, channel)).publications.map(({ data }) => data);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
