import { join, resolve } from 'node:path';
import type {
  Broker,
  BrokerStats,
  ChannelDefinition,
  Draft,
  Env,
  Log,
  LogPage,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from '@thrum/core';
import { createMemoryBroker } from '../node/memory-broker.ts';
import { createRedisBroker } from './redis/broker.ts';
import type { RedisBrokerOptions } from './redis/options.ts';
import { toSettings } from './redis/settings.ts';
import { createSqliteBroker } from './sqlite/broker.ts';

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
  readonly redisUrl: string | undefined;
  readonly channels: Readonly<Record<string, ChannelDefinition>>;
  readonly env: Env;
  readonly log: Log;
}

const defaultDataDir = './data';
const nothing = (): Promise<void> => Promise.resolve();

/**
 * The application's broker, else Redis where its URL is given, else one on disk where a folder is named or a channel is
 * durable, else one in memory.
 * @throws Error when there are two to choose from.
 */
export function chooseBroker({ broker, dataDir, redisUrl, channels, env, log }: BrokerChoice): OwnBroker {
  if (broker !== undefined) {
    if (redisUrl !== undefined) throw new Error('createThrum: expected broker or redisUrl, got both');
    return { broker, open: nothing, close: nothing };
  }
  const isDurable = Object.values(channels).some(({ tier }) => tier === 'durable');
  if (redisUrl !== undefined) return onRedis(redisUrl, isDurable, env, log);
  if (dataDir === undefined && !isDurable) {
    const memory = createMemoryBroker();
    return { broker: memory, open: nothing, close: async () => memory.close() };
  }
  const file = join(resolve(dataDir ?? defaultDataDir), 'thrum.db');
  return own(true, () => createSqliteBroker({ file, env, log }));
}

function onRedis(url: string, durable: boolean, env: Env, log: Log): OwnBroker {
  const options: RedisBrokerOptions = { url, durable, env, log };
  // Its mistakes belong to the definition, and not to the start.
  toSettings(options);
  return own(durable, () => createRedisBroker(options));
}

function own(durable: boolean, make: () => StartedBroker): OwnBroker {
  const broker = new LateBroker(durable, make);
  return { broker, open: () => broker.open(), close: () => broker.close() };
}

/** A broker that has a beginning: {@link createSqliteBroker}, {@link createRedisBroker}. */
interface StartedBroker extends Broker {
  readonly ready: Promise<void>;
}

/** Opens file or connection only when the server starts: a definition that is merely looked at must not touch either. */
class LateBroker implements Broker {
  readonly durable: boolean;
  private readonly make: () => StartedBroker;
  private made: StartedBroker | undefined;

  constructor(durable: boolean, make: () => StartedBroker) {
    this.durable = durable;
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

  subscribe(...args: Parameters<Broker['subscribe']>): ReturnType<Broker['subscribe']> {
    return this.broker().subscribe(...args);
  }

  async close(): Promise<void> {
    await this.made?.close();
  }

  private broker(): StartedBroker {
    this.made ??= this.make();
    return this.made;
  }
}
