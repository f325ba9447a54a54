import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import type { Position } from '@thrum/protocol';
import { ballastChannel, channelName } from '../channel.ts';
import { type Payload, payloadMaker } from '../payload.ts';
import { answer } from '../process/answer.ts';
import type { Counters, Mark, ServerCalls, Setup } from '../process/calls.ts';
import { peakRss } from '../process/peak.ts';

/** The one place that servers listen on. */
export const host = '127.0.0.1';

/** A server under test. */
export interface Server {
  readonly port: number;
  /** Publishes by the server's own means; everyone who subscribed to the channel gets it. */
  publish(channel: string, payload: Payload): void;
  /** For the scenario that asks for it. */
  readonly recovery?: {
    miss(count: number): Promise<Position>;
    counters(): Counters;
  };
}

/** A request for a publication is the moment that it counts from, 64 bits; 0 asks for ballast. */
const requestBytes = 8;
const ballast = 'x'.repeat(16_384);

/** Gives a server the calls of the benchmark. What it adds to the cost is the same for every peer. */
export function serve(start: () => Promise<Server>): void {
  let server: Server | undefined;
  const recovery = (): NonNullable<Server['recovery']> => {
    if (server?.recovery === undefined) throw new Error('expected a server that recovers, got another');
    return server.recovery;
  };
  answer<ServerCalls>({
    listen: async (setup) => {
      server = await start();
      return { port: server.port, publishPort: await listenForRequests(server, setup) };
    },
    mark: async ({ collect }) => {
      if (collect) await collectGarbage();
      return mark(collect);
    },
    miss: ({ count }) => recovery().miss(count),
    counters: () => recovery().counters(),
    // Loaded when asked for: other runtimes have no such inspector.
    startProfile: async () => (await import('./profiler.ts')).startProfile(),
    stopProfile: async ({ file }) => (await import('./profiler.ts')).stopProfile(file),
    // The answer must go out before it.
    stop: () => void setImmediate(() => process.exit(0)),
  });
}

/** Each request that comes is one publication; those of one read are published in one turn. */
async function listenForRequests(server: Server, { shape, payload }: Setup): Promise<number> {
  const make = payloadMaker(payload);
  const control = createServer({ noDelay: true }, (socket) => {
    let rest = Buffer.alloc(0);
    let published = 0;
    let last = { stamp: -1n, payload: make(0n) };
    socket.on('data', (bytes) => {
      const requests = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      let at = 0;
      for (; at + requestBytes <= requests.length; at += requestBytes) {
        const stamp = requests.readBigUInt64BE(at);
        if (stamp === 0n) {
          server.publish(ballastChannel, ballast);
          continue;
        }
        if (stamp !== last.stamp) last = { stamp, payload: make(stamp) };
        server.publish(channelName(published % shape.channels), last.payload);
        published += 1;
      }
      rest = requests.subarray(at);
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
  return { cpuUser: user, cpuSystem: system, rss, heapUsed, external, peakRss: peakRss('self', isNewPeak) };
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
