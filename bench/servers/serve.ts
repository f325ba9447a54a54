import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import type { Position } from '@thrum/protocol';
import { stampedPayload } from '../payload.ts';
import { answer } from '../process/answer.ts';
import type { Counters, Mark, ServerCalls } from '../process/calls.ts';
import { startProfile, stopProfile } from './profiler.ts';

/** The one place that servers listen on. */
export const host = '127.0.0.1';

/** A server under test. */
export interface Server {
  readonly port: number;
  /** Publishes to the one channel, by the server's own means; everyone who subscribed gets it. */
  publish(payload: string): void;
  /** For the scenario that asks for it. */
  readonly recovery?: {
    miss(count: number): Promise<Position>;
    counters(): Counters;
  };
}

export const payloadBytes = 100;

/** Gives a server the calls of the benchmark. What it adds to the cost is the same for every peer. */
export function serve(start: () => Promise<Server>): void {
  let server: Server | undefined;
  const recovery = (): NonNullable<Server['recovery']> => {
    if (server?.recovery === undefined) throw new Error('expected a server that recovers, got another');
    return server.recovery;
  };
  answer<ServerCalls>({
    listen: async () => {
      server = await start();
      return { port: server.port, controlPort: await listenForControl(server) };
    },
    mark: async ({ collect }) => {
      if (collect) await collectGarbage();
      return mark(collect);
    },
    miss: ({ count }) => recovery().miss(count),
    counters: () => recovery().counters(),
    startProfile,
    stopProfile: ({ file }) => stopProfile(file),
    // The answer must go out before it.
    stop: () => void setImmediate(() => process.exit(0)),
  });
}

/** Each byte that comes is one publication; the bytes of one read are published in one turn. */
async function listenForControl(server: Server): Promise<number> {
  const control = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (bytes) => {
      // One stamp for all: they were asked for at one time, and those that must wait for the others have waited.
      const payload = stampedPayload(payloadBytes);
      for (let left = bytes.length; left > 0; left -= 1) server.publish(payload);
    });
    socket.on('error', () => socket.destroy());
  });
  control.listen(0, host);
  await once(control, 'listening');
  return (control.address() as AddressInfo).port;
}

function mark(isNewPeak: boolean): Mark {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpuUser: user, cpuSystem: system, rss, heapUsed, external, peakRss: peakRss(isNewPeak) };
}

function peakRss(isNew: boolean): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+)/mu.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (isNew) writeFileSync('/proc/self/clear_refs', '5');
    return Number(kibibytes) * 1024;
  } catch {
    return Number.NaN;
  }
}

/**
 * Brings the heap down to what is reachable. `last-resort` is the collection that also gives the young generation's
 * memory back, which otherwise stays as large as the storm of handshakes has made it; more than one, because what the
 * first one finalises is only free in the second.
 */
async function collectGarbage(): Promise<void> {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('expected node --expose-gc');
  for (let round = 0; round < 3; round += 1) {
    gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    // Pages go back to the system in the background.
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
