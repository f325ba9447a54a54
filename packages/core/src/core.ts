import { closeCodes, defaultLimits, type HistoryResult, type Limits, type Member } from '@thrum/protocol';
import { accessDenied, Authorizer } from './auth/authorizer.ts';
import { verify } from './auth/identify.ts';
import { Cursors } from './channel/cursors.ts';
import { compileDefinitions, type Rules } from './channel/definitions.ts';
import { Hub } from './channel/hub.ts';
import { Publisher } from './channel/publisher.ts';
import { readHistory } from './commands/history.ts';
import { enter, revoke } from './commands/subscribe.ts';
import type { Connection } from './connection/connection.ts';
import { SharedFrame } from './connection/encode.ts';
import type { Node } from './connection/node.ts';
import { accept, greetingOf } from './connection/session.ts';
import { Wheel } from './connection/wheel.ts';
import type {
  Authentication,
  ChannelInfo,
  ConnectionInfo,
  Core,
  CoreOptions,
  CoreStats,
  Handshake,
  HistoryQuery,
  PublishRequestOptions,
  PublishResult,
} from './core-api.ts';
import { drain } from './drain.ts';
import type { FeatureContext } from './feature.ts';
import { hookNames } from './hooks.ts';
import { collectChannels, collectMethods, Features } from './features.ts';
import { createMemoryStore } from './memory/store.ts';
import { notify } from './notify.ts';
import { createMetrics, type Metrics } from './ports/metrics.ts';
import type { Session, Transport } from './ports/transport.ts';
import { Presence, type PresenceChange } from './presence/presence.ts';
import { refuseUnknown } from './suggest.ts';
import { Trouble } from './trouble.ts';
import { Turn } from './turn.ts';
import { checkChannelName } from './validate.ts';

/**
 * Composes one node.
 * @throws Error for definitions, features or limits that cannot work, naming the place.
 */
export function createCore(options: CoreOptions): Core {
  return new ThrumCore(composeNode(options), options.store === undefined);
}

function composeNode(options: CoreOptions): Node {
  const { env, log, broker, auth, hooks = {}, features = [] } = options;
  refuseUnknown('limit', options.limits, Object.keys(defaultLimits));
  refuseUnknown('hook', hooks, hookNames);
  const limits = checkLimits({ ...defaultLimits, ...options.limits });
  const metrics = createMetrics();
  const store = options.store ?? createMemoryStore(env);
  const definitions = compileDefinitions(collectChannels(options.channels ?? {}, features), broker.durable);
  const presence = new Presence(env, limits.presenceGraceSeconds * 1000, (channel, change, member) => {
    tellPresence(hub, channel, change, member);
    if (change !== 'changed') notify(log, change, hooks[change], { channel, member });
  });
  const turn = new Turn(env);
  const hub = new Hub({ broker, env, limits, log, metrics, turn }, presence);
  return {
    greeting: greetingOf(limits, options.node),
    env,
    log,
    limits,
    metrics,
    broker,
    turn,
    auth,
    hooks,
    definitions,
    authorizer: new Authorizer(definitions, hooks, env, log),
    hub,
    presence,
    publisher: new Publisher({ broker, env, log, metrics, hooks, definitions, maxDepth: limits.dataDepth }),
    features: new Features(features),
    methods: collectMethods(options.methods ?? {}, features),
    store,
    cursors: new Cursors({ env, log, store, ttl: limits.cursorSeconds * 1000 }),
    running: new Map(),
    outages: new Trouble({ env, log }, { failure: 'a frame could not be served' }),
  };
}

/** Limits that can sensibly be switched off. */
const mayBeZero: ReadonlySet<string> = new Set(['drainSeconds', 'presenceGraceSeconds', 'redeliveries']);

function checkLimits(limits: Limits): Limits {
  for (const [name, value] of Object.entries(limits)) {
    const least = mayBeZero.has(name) ? '0 or more' : 'above 0';
    if (typeof value === 'number' && (value > 0 || (value === 0 && mayBeZero.has(name)))) continue;
    throw new Error(`limit "${name}": expected a number ${least}, got ${String(value)}`);
  }
  return limits;
}

function tellPresence(hub: Hub, channel: string, change: PresenceChange, member: Member): void {
  const frame = new SharedFrame(
    change === 'changed'
      ? { type: 'presence', channel, members: [member], full: false }
      : { type: change, channel, member },
  );
  hub.channels.get(channel)?.broadcast(frame, (subscription) => subscription.watches);
}

class ThrumCore implements Core {
  private readonly node: Node;
  private readonly wheel: Wheel;
  private readonly ownsStore: boolean;
  private draining = false;

  constructor(node: Node, ownsStore: boolean) {
    this.ownsStore = ownsStore;
    this.node = node;
    this.wheel = new Wheel(node);
  }

  get limits(): Limits {
    return this.node.limits;
  }

  get metrics(): Readonly<Metrics> {
    return this.node.metrics;
  }

  stats(): CoreStats {
    const { broker, metrics } = this.node;
    return { node: metrics, ...(broker.stats === undefined ? {} : { broker: broker.stats }) };
  }

  authenticate(token: string): Promise<Authentication> {
    return verify(this.node, token);
  }

  accept(transport: Transport, handshake: Handshake): Session {
    const session = accept(this.node, transport, handshake, this.draining);
    this.wheel.start();
    return session;
  }

  start(): Promise<void> {
    return this.node.features.start(featureContext(this.node, this));
  }

  async publish(
    channel: string,
    event: string,
    data: unknown,
    options: PublishRequestOptions = {},
  ): Promise<PublishResult> {
    const { publisher } = this.node;
    return publisher.append(await publisher.prepare(channel, event, data), options);
  }

  broadcast(
    channels: readonly string[],
    event: string,
    data: unknown,
    options: PublishRequestOptions = {},
  ): Promise<readonly (PublishResult | Error)[]> {
    const published = channels.map((channel) =>
      this.publish(channel, event, data, options).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      ),
    );
    return Promise.all(published);
  }

  async history(channel: string, query: HistoryQuery = {}): Promise<HistoryResult> {
    return readHistory(this.node, channel, this.rules(channel), query);
  }

  presence(channel: string): readonly Member[] {
    return this.node.presence.members(channel);
  }

  channels(): readonly ChannelInfo[] {
    return [...this.node.hub.channels.values()].map(({ name, size, position }) => ({
      channel: name,
      subscribers: size,
      ...(position === undefined ? {} : { position }),
    }));
  }

  connections(): readonly ConnectionInfo[] {
    return [...this.node.hub.connections.values()].map(describe);
  }

  async subscribeUser(userId: string, channel: string): Promise<number> {
    const rules = this.rules(channel);
    const connections = this.node.hub.connectionsOf(userId).filter(({ alive }) => alive);
    // One that is in the channel already keeps the options that its client chose.
    const outside = connections.filter((connection) => connection.subscription(channel) === undefined);
    await Promise.all(outside.map((connection) => enter(this.node, connection, rules, { channel })));
    return connections.length;
  }

  unsubscribeUser(userId: string, channel: string): number {
    let count = 0;
    for (const connection of this.node.hub.connectionsOf(userId)) {
      // A subscribe that is being authorised just now may have been asked about before the right was withdrawn.
      if (connection.asking === channel) connection.asking = undefined;
      const subscription = connection.subscription(channel);
      if (subscription === undefined) continue;
      revoke(this.node, connection, subscription);
      count += 1;
    }
    return count;
  }

  disconnect(userId: string): number {
    const { code, reason } = closeCodes.disconnected;
    const connections = this.node.hub.connectionsOf(userId);
    for (const connection of connections) connection.close(code, reason);
    return connections.length;
  }

  async drain(ms: number): Promise<void> {
    this.draining = true;
    await drain(this.node, ms);
  }

  async close(): Promise<void> {
    this.draining = true;
    const { code, reason } = closeCodes.goingAway;
    for (const connection of this.node.hub.connections.values()) connection.close(code, reason);
    this.wheel.stop();
    await this.node.features.stop(this.node.log);
    this.node.presence.close();
    this.node.publisher.close();
    this.node.outages.close();
    // What was confirmed until now is confirmed after a restart as well.
    await this.node.cursors.close();
    if (this.ownsStore) await this.node.store.close();
  }

  private rules(channel: string): Rules {
    checkChannelName(channel);
    const match = this.node.definitions(channel);
    if (match === undefined) throw accessDenied('subscribe');
    return match.rules;
  }
}

function describe(connection: Connection): ConnectionInfo {
  const { id, user, transport, connectedAt, subscriptions, bufferedBytes } = connection;
  const { address } = transport;
  return {
    connectionId: id,
    ...(user === undefined ? {} : { userId: user.id }),
    transport: transport.kind,
    ...(address === undefined ? {} : { address }),
    connectedAt,
    channels: Array.from(subscriptions, ({ channel }) => channel),
    bufferedBytes,
  };
}

function featureContext(node: Node, core: Core): FeatureContext {
  const { authorizer, env, hub, log, publisher } = node;
  return {
    env,
    log,
    publish: (channel, event, data, options) => core.publish(channel, event, data, options),
    signal: (channel, event, data, options) => publisher.signal(channel, event, data, options?.from),
    isAllowed: (user, action, channel) => authorizer.allows({ user, action, channel }),
    isSubscribed(connectionId, channel) {
      const connection = hub.connections.get(connectionId);
      return connection?.alive === true && connection.subscription(channel) !== undefined;
    },
  };
}
