import { settle, VirtualEnv } from '@thrum/testkit';
import {
  type Core,
  type CoreOptions,
  createCore,
  createMemoryBroker,
  type Identity,
  type Log,
} from '../../src/index.ts';
import { type ClientOptions, TestClient } from './client.ts';
import { FaultyBroker } from './faulty-broker.ts';

export interface WorldOptions extends Partial<Omit<CoreOptions, 'env' | 'log' | 'broker'>> {
  readonly seed?: number;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly error?: unknown;
}

/** A node in a world of its own: virtual time, a broker that can misbehave, clients over memory. */
export interface World {
  readonly env: VirtualEnv;
  readonly broker: FaultyBroker;
  readonly core: Core;
  readonly lines: LogLine[];
  /** Connects as this user; `undefined` brings no token along. */
  connect(
    user: string | undefined,
    options?: ClientOptions & { readonly identity?: Partial<Identity> },
  ): TestClient;
  /** Connects and subscribes, and waits for the answer. */
  join(user: string, channel: string, fields?: object): Promise<TestClient>;
  /** Publishes as the server, `{ n }` in event `message`, and lets the turn end. */
  publish(channel: string, n: number): Promise<unknown>;
  /** What the server itself publishes with, and lets the turn end. */
  publishEvent: Core['publish'];
  /** Everything that is ready happens; no time passes. */
  settle(): Promise<void>;
  advance(ms: number): Promise<void>;
}

/** Every token is its own user, but for `bad`. */
const auth: NonNullable<CoreOptions['auth']> = {
  authenticate(token) {
    if (token === 'bad') throw new Error('no such token');
    return { userId: token };
  },
};

export function createWorld({ seed = 1, ...options }: WorldOptions = {}): World {
  const env = new VirtualEnv({ seed });
  const broker = new FaultyBroker(() => createMemoryBroker(env));
  const lines: LogLine[] = [];
  const core = createCore({
    auth,
    channels: { '{name*}': {} },
    ...options,
    env,
    broker,
    log: recorder(lines),
  });
  const connect: World['connect'] = (user, { identity = {}, ...clientOptions } = {}) => {
    const authentication =
      user === undefined ? undefined : { ok: true as const, identity: { userId: user, ...identity } };
    return new TestClient(core, authentication === undefined ? {} : { authentication }, clientOptions);
  };
  const publishEvent: World['publishEvent'] = async (...publication) => {
    const result = await core.publish(...publication);
    await settle();
    return result;
  };
  return {
    env,
    broker,
    core,
    lines,
    connect,
    async join(user, channel, fields = {}) {
      const client = connect(user);
      client.send({ type: 'subscribe', channel, ...fields });
      await settle();
      return client;
    },
    publish: (channel, n) => publishEvent(channel, 'message', { n }),
    publishEvent,
    settle,
    advance: (ms) => env.advance(ms),
  };
}

function recorder(lines: LogLine[]): Log {
  const record =
    (level: string): Log['warn'] =>
    (message, _fields, error) =>
      void lines.push({ level, message, ...(error === undefined ? {} : { error }) });
  return { debug: record('debug'), info: record('info'), warn: record('warn'), error: record('error') };
}
