import { Recorder } from '@thrum/core';
import { createNodeEnv } from '../../node/env.ts';
import { createLog } from '../../node/log.ts';
import type { Counters, RedisBrokerOptions, Settings } from './options.ts';

const day = 86_400_000;

/** @throws TypeError for a URL or prefix that cannot work. It never repeats the URL, which may hold a password. */
export function toSettings(options: RedisBrokerOptions): Settings {
  const { prefix = 'thrum:' } = options;
  if (/[{}]/.test(prefix) || !prefix.isWellFormed()) {
    throw new TypeError(`prefix: expected a text without { and }, got ${JSON.stringify(prefix)}`);
  }
  const url = urlOf(options.url);
  return {
    durable: false,
    restarts: 'auto',
    timeoutMs: 5000,
    maxBatch: 100,
    maxBatchSize: 1024 * 1024,
    maxPending: 100_000,
    maxPendingSize: 64 * 1024 * 1024,
    forgetMs: 30 * day,
    ...options,
    prefix,
    env: options.env ?? createNodeEnv(),
    log: options.log ?? createLog(),
    url,
    database: Number(url.pathname.slice(1)),
  };
}

/** Says what is wrong with a URL, without repeating it. */
export function redisUrlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') {
    return 'expected redis://host:port or rediss://host:port';
  }
  return /^\/?\d*$/.test(url.pathname) ? undefined : 'expected the number of a database as the path';
}

function urlOf(text: string): URL {
  const problem = redisUrlProblem(text);
  if (problem !== undefined) throw new TypeError(`url: ${problem}`);
  return new URL(text);
}

const seconds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const publications = [1, 2, 5, 10, 20, 50, 100];

export function createCounters(): Counters {
  return {
    kind: 'redis',
    state: 'opening',
    written: 0,
    failed: 0,
    epochChanges: 0,
    restarts: 0,
    pending: 0,
    pendingSize: 0,
    commits: 0,
    commitSeconds: new Recorder(seconds),
    batch: new Recorder(publications),
  };
}
