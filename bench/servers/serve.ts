import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { stampedPayload } from '../payload.ts';
import { answer } from '../process/answer.ts';
import type { Mark, ServerCalls } from '../process/calls.ts';
import { startProfile, stopProfile } from './profiler.ts';

/** The one place that servers listen on. */
export const host = '127.0.0.1';

/** A server under test. */
export interface Server {
  readonly port: number;
  /** Publishes to the one channel, by the server's own means; everyone who subscribed gets it. */
  publish(payload: string): void;
}

const payloadBytes = 100;

/** Gives a server the calls of the benchmark. What it adds to the cost is the same for every peer. */
export function serve(start: () => Promise<Server>): void {
  answer<ServerCalls>({
    listen: async () => {
      const server = await start();
      return { port: server.port, controlPort: await listenForControl(server) };
    },
    mark: async ({ collect }) => {
      if (collect) await collectGarbage();
      return mark();
    },
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

function mark(): Mark {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpuUser: user, cpuSystem: system, rss, heapUsed, external };
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
