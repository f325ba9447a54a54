import type { RedisClientType, RedisClusterType } from '@redis/client';
import { RedisBrokerError } from './errors.ts';
import type { Settings } from './options.ts';

/** What a link tells of the connections that it makes again by itself. */
export interface LinkEvents {
  /** A connection was made, the first time or again. What was subscribed to is subscribed to again by then. */
  ready(connection: 'commands' | 'subscriptions'): void;
  /** A connection broke or could not be made. */
  failed(error: unknown): void;
}

/** The connections of one node: one for commands, one for what it hears. To a cluster, as many for each of its masters. */
export interface Link {
  readonly isReady: boolean;
  /** What notifies in a script: on a cluster only the node that holds the channel. */
  readonly send: 'PUBLISH' | 'SPUBLISH';
  /** One command, to the server that holds `key`. Commands given in one turn travel together. */
  command(key: string, args: readonly string[]): Promise<unknown>;
  /** One command to every server that takes writes. */
  everywhere(args: readonly string[]): Promise<readonly unknown[]>;
  subscribe(wakeup: string): Promise<void>;
  unsubscribe(wakeup: string): Promise<void>;
  close(): Promise<void>;
}

export type Hear = (message: string, wakeup: string) => void;

interface Address {
  readonly host: string;
  readonly port: number;
}

type Client = RedisClientType;
type Cluster = RedisClusterType;
type Library = typeof import('@redis/client');

const pingMs = 4000;
/** Without a byte for so long, three pings went unanswered: the other end is gone without saying so. */
const silenceMs = 13_000;
const longestPauseMs = 2000;

/** Connects, and finds out whether it is a cluster. Waits for a Redis that is not there yet. */
export async function openLink(settings: Settings, hear: Hear, events: LinkEvents): Promise<Link> {
  const library = await loadLibrary();
  const client = library.createClient(clientOptions(settings)) as Client;
  client.on('error', (error) => events.failed(error));
  await client.connect();
  try {
    const info = await client.sendCommand<string>(['INFO', 'cluster']);
    if (!/^cluster_enabled:1/m.test(info)) return await openSingle(client, hear, events);
  } catch (error) {
    client.destroy();
    throw error;
  }
  client.destroy();
  return openCluster(library, settings, hear, events);
}

async function loadLibrary(): Promise<Library> {
  try {
    return await import('@redis/client');
  } catch (error) {
    const message = 'The Redis broker needs the package @redis/client: npm install @redis/client@6';
    throw new RedisBrokerError('unsupported', message, { cause: error });
  }
}

function clientOptions({ url, env, timeoutMs }: Settings): Parameters<Library['createClient']>[0] {
  return {
    url: url.href,
    // What is asked for while there is no connection fails at once, and its publisher is told to come back.
    disableOfflineQueue: true,
    // Ours count from the call to the answer.
    commandOptions: { timeout: 0 },
    pingInterval: pingMs,
    maintNotifications: 'disabled',
    socket: {
      tls: url.protocol === 'rediss:',
      connectTimeout: timeoutMs,
      socketTimeout: silenceMs,
      reconnectStrategy: (retries) =>
        Math.min(longestPauseMs, 50 * 2 ** Math.min(retries, 10)) * (0.75 + env.random() / 2),
    } as NonNullable<Parameters<Library['createClient']>[0]>['socket'] & object,
  };
}

async function openSingle(commands: Client, hear: Hear, events: LinkEvents): Promise<Link> {
  const subscriptions = commands.duplicate();
  commands.on('ready', () => events.ready('commands'));
  subscriptions.on('error', (error) => events.failed(error));
  subscriptions.on('ready', () => events.ready('subscriptions'));
  await subscriptions.connect();
  return {
    get isReady() {
      return commands.isReady && subscriptions.isReady;
    },
    send: 'PUBLISH',
    command: (_key, args) => commands.sendCommand(args),
    everywhere: async (args) => [await commands.sendCommand(args)],
    subscribe: (wakeup) => subscriptions.subscribe(wakeup, hear),
    unsubscribe: (wakeup) => subscriptions.unsubscribe(wakeup, hear),
    close: async () => {
      commands.destroy();
      subscriptions.destroy();
    },
  };
}

async function openCluster(
  { createCluster }: Library,
  settings: Settings,
  hear: Hear,
  events: LinkEvents,
): Promise<Link> {
  const { url, ...defaults } = clientOptions(settings) ?? {};
  const { username, password } = settings.url;
  const cluster = createCluster({
    rootNodes: [{ url: url as string }],
    defaults: {
      ...defaults,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    },
  }) as Cluster;
  cluster.on('error', (error) => events.failed(error));
  cluster.on('node-error', (error) => events.failed(error));
  cluster.on('sharded-channel-moved-error', (error) => events.failed(error));
  await cluster.connect();
  // Which connection of a node it was is not said, so each that comes back counts as one that hears.
  const broken = new Set<string>();
  const addressOf = ({ host, port }: Address): string => `${host}:${port}`;
  cluster.on('node-reconnecting', (node: Address) => broken.add(addressOf(node)));
  cluster.on('node-ready', (node: Address) => {
    events.ready(broken.delete(addressOf(node)) ? 'subscriptions' : 'commands');
  });
  return {
    get isReady() {
      return cluster.isOpen;
    },
    send: 'SPUBLISH',
    command: (key, args) => cluster.sendCommand(key, false, [...args]),
    everywhere: (args) =>
      Promise.all(
        cluster.masters.map(async (node) => (await cluster.nodeClient(node)).sendCommand([...args])),
      ),
    subscribe: (wakeup) => cluster.sSubscribe(wakeup, hear),
    unsubscribe: async (wakeup) => {
      await cluster.sUnsubscribe(wakeup, hear);
    },
    close: async () => cluster.destroy(),
  };
}
