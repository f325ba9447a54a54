import { pendingTimers } from './timers.ts';
import { openSync, writeSync } from 'node:fs';
import { answer } from '@thrum/bench/answer';
import { channel, createThrum, type Publication, type Thrum } from 'thrum';
import { keptChannels, limits } from '../channels.ts';
import { moment } from '../clock.ts';
import type { Counts, JournalLine, ServerCalls, Standing, Standings, StartOptions } from './calls.ts';

// An application like any other: it knows nothing of faults.

const history = { size: 1_000_000, ttl: '24h' } as const;

let thrum: Thrum | undefined;

function compose({ dataDir, journal }: StartOptions): Thrum {
  // Written in place, so that kill -9 takes nothing of it along.
  const file = openSync(journal, 'a');
  const published = ({ channel, data, epoch, offset, from }: Publication): void => {
    const { v } = data as { readonly v: string };
    const line: JournalLine = {
      t: moment(),
      channel,
      v,
      ...(epoch === undefined || offset === undefined ? {} : { epoch, offset }),
      ...(from === undefined ? {} : { from }),
    };
    writeSync(file, `${JSON.stringify(line)}\n`);
  };
  return createThrum({
    channels: {
      'durable:{room}': channel({ tier: 'durable', history, presence: true }),
      'recoverable:{room}': channel({ history }),
      'ephemeral:{room}': channel({ tier: 'ephemeral' }),
      'work:{queue}': channel({ tier: 'durable', history }),
      'still:{room}': channel({ tier: 'durable', history: { size: 1000, ttl: '1h' } }),
    },
    auth: (token) => ({ userId: token }),
    hooks: { published },
    dataDir,
    limits,
    mode: 'development',
  });
}

function app(): Thrum {
  if (thrum === undefined) throw new Error('the server was not started');
  return thrum;
}

async function standingOf(name: string): Promise<[string, Standing]> {
  const { position, publications } = await app().history(name, { limit: 1 });
  const { epoch = '', offset = 0 } = position ?? {};
  return [name, { epoch, offset, oldest: publications[0]?.offset ?? offset + 1 }];
}

async function standings(): Promise<Standings> {
  return Object.fromEntries(await Promise.all(keptChannels.map(standingOf)));
}

function counts(): Counts {
  const { connections, subscriptions, channels, slowConsumers } = app().metrics;
  const { heapUsed, external } = process.memoryUsage();
  return {
    connections,
    subscriptions,
    channels,
    slowConsumers,
    timers: pendingTimers(),
    sockets: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    heap: heapUsed + external,
    outbox: Math.max(
      0,
      ...app()
        .connections()
        .map(({ bufferedBytes }) => bufferedBytes),
    ),
  };
}

answer<ServerCalls>({
  async start(options) {
    thrum = compose(options);
    process.once(
      'SIGTERM',
      () =>
        void app()
          .close({ drainMs: options.drainMs })
          .then(() => process.exit(0)),
    );
    const before = await standings();
    const { port } = await app().listen({ port: options.port });
    return { port, standings: before, counts: counts() };
  },
  standings,
  counts,
});
