import { join, resolve } from 'node:path';
import type {
  Broker,
  BrokerStats,
  ChannelDefinition,
  Deliver,
  Draft,
  Env,
  Log,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '@thrum/core';
import { createMemoryBroker } from '../node/memory-broker.ts';
import { createSqliteBroker } from './sqlite/broker.ts';
import type { SqliteBroker } from './sqlite/options.ts';

/** A broker with the part of its life that is the server's business. */
export interface OwnBroker {
  readonly broker: Broker;
  /** Resolves when it can take publications. @throws Error when another process has its file, or it cannot be opened. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface BrokerChoice {
  /** One that the application made, and closes itself. */
  readonly broker: Broker | undefined;
  readonly dataDir: string | undefined;
  readonly channels: Readonly<Record<string, ChannelDefinition>>;
  readonly env: Env;
  readonly log: Log;
}

const defaultDataDir = './data';
const nothing = (): Promise<void> => Promise.resolve();

/** The application's broker, else one on disk where a folder is named or a channel is durable, else one in memory. */
export function chooseBroker({ broker, dataDir, channels, env, log }: BrokerChoice): OwnBroker {
  if (broker !== undefined) return { broker, open: nothing, close: nothing };
  const isDurable = Object.values(channels).some(({ tier }) => tier === 'durable');
  if (dataDir === undefined && !isDurable) {
    const memory = createMemoryBroker();
    return { broker: memory, open: nothing, close: async () => memory.close() };
  }
  const file = join(resolve(dataDir ?? defaultDataDir), 'thrum.db');
  const disk = new DiskBroker(() => createSqliteBroker({ file, env, log }));
  return { broker: disk, open: () => disk.open(), close: () => disk.close() };
}

/** Opens its file only when the server starts: a definition that is merely looked at must not touch the disk. */
class DiskBroker implements Broker {
  readonly durable = true;
  private readonly make: () => SqliteBroker;
  private made: SqliteBroker | undefined;

  constructor(make: () => SqliteBroker) {
    this.make = make;
  }

  get stats(): BrokerStats | undefined {
    return this.made?.stats;
  }

  open(): Promise<void> {
    return this.broker().ready;
  }

  publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    return this.broker().publish(channel, draft, options);
  }

  read(channel: string, options: ReadOptions): Promise<LogPage> {
    return this.broker().read(channel, options);
  }

  subscribe(channel: string, deliver: Deliver): ReturnType<Broker['subscribe']> {
    return this.broker().subscribe(channel, deliver);
  }

  async close(): Promise<void> {
    await this.made?.close();
  }

  private broker(): SqliteBroker {
    this.made ??= this.make();
    return this.made;
  }
}
