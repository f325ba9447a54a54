import { Recorder } from '@thrum/core';
import type { Counters } from './options.ts';

/** From a fast disk that lies about fsync to one that is about to fail. */
const seconds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const publications = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export function createCounters(): Counters {
  return {
    kind: 'sqlite',
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
    bytes: 0,
    generation: 0,
    fenceBehind: 0,
  };
}
