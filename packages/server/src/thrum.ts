import type { Server } from 'node:http';
import {
  type ChannelDefinition,
  type Core,
  createCore,
  type HistoryQuery,
  type Log,
  type MethodDefinition,
  type PublishRequestOptions,
} from '@thrum/core';
import { attach, type UpgradeSource } from './attach.ts';
import { chooseAuth } from './auth-option.ts';
import { chooseBroker, type OwnBroker } from './brokers/own-broker.ts';
import type { ChannelEvents, DefinitionContract, Methods, ThrumDefinition } from './definition.ts';
import { createRoutes, type RoutesOptions } from './http/routes.ts';
import { createHttpServer, listenOn } from './http/server.ts';
import { createNodeEnv } from './node/env.ts';
import { chooseStore, type OwnStore } from './stores/own-store.ts';
import { createLog } from './node/log.ts';
import { loadPlayground } from './playground.ts';
import type { AttachOptions, CloseOptions, Listening, ListenOptions, Thrum } from './thrum-api.ts';
import { createHttpTransports, type HttpTransports } from './transports/http.ts';
import { WebSocketEdge } from './transports/websocket/edge.ts';
import { pathOf } from './transports/websocket/handshake.ts';
import { createOriginCheck } from './transports/websocket/origins.ts';
import { userChannelOf, withUserChannel } from './user-channel.ts';

/**
 * A real-time server from its definition. It does nothing until {@link Thrum.listen} or {@link Thrum.attach}.
 * @throws Error or TypeError naming the part of the definition that cannot work.
 */
export function createThrum<const C extends ChannelEvents = {}, const M extends Methods = {}>(
  definition: ThrumDefinition<C, M>,
): Thrum<DefinitionContract<C, M>> {
  // The typed face is what calls are checked against; behind it names and data are checked at run time anyway.
  const server: unknown = new ThrumServer(definition as ThrumDefinition);
  return server as Thrum<DefinitionContract<C, M>>;
}

type Parts = Pick<RoutesOptions, 'isAllowedOrigin' | 'signing'> & {
  readonly core: Core;
  readonly log: Log;
  readonly edge: WebSocketEdge;
  readonly http: HttpTransports;
  readonly ownBroker: OwnBroker;
  readonly ownStore: OwnStore;
};

function compose(definition: ThrumDefinition, ready: () => Promise<void> | undefined): Parts {
  const { mode = process.env['NODE_ENV'] === 'production' ? 'production' : 'development' } = definition;
  const development = mode === 'development';
  const env = createNodeEnv();
  const log = definition.log ?? createLog({ readable: development });
  const channels = withUserChannel(
    (definition.channels ?? {}) as Readonly<Record<string, ChannelDefinition>>,
  );
  const { broker, dataDir } = definition;
  const ownBroker = chooseBroker({ broker, dataDir, channels, env, log });
  const { auth, signing } = chooseAuth(definition, development);
  const { features, hooks, limits, node } = definition;
  const ownStore = chooseStore({ store: definition.store, dataDir, env });
  const { store } = ownStore;
  const core = createCore({
    env,
    log,
    broker: ownBroker.broker,
    channels,
    methods: (definition.methods ?? {}) as Readonly<Record<string, MethodDefinition>>,
    ...(auth === undefined ? {} : { auth }),
    ...(features === undefined ? {} : { features }),
    ...(hooks === undefined ? {} : { hooks }),
    ...(limits === undefined ? {} : { limits }),
    ...(node === undefined ? {} : { node }),
    ...(store === undefined ? {} : { store }),
  });
  const isAllowedOrigin = createOriginCheck(definition.origins, development);
  const edge = new WebSocketEdge({
    core,
    env,
    log,
    isAllowedOrigin,
    tokenCookie: definition.tokenCookie,
    ready,
  });
  const http = createHttpTransports(definition, { core, env, log, isAllowedOrigin, ready });
  return { core, log, edge, http, isAllowedOrigin, signing, ownBroker, ownStore };
}

class ThrumServer implements Thrum {
  readonly definition: Thrum['definition'];
  private readonly parts: Parts;
  private readonly playground: boolean | string;
  private readonly servers = new Set<Server>();
  private readonly detachments = new Set<() => void>();
  private started: Promise<void> | undefined;
  private isStarted = false;
  private ended: Promise<void> | undefined;

  constructor(definition: ThrumDefinition) {
    this.definition = definition as Thrum['definition'];
    this.playground = definition.playground ?? false;
    this.parts = compose(definition, () => (this.isStarted ? undefined : this.start()));
  }

  get metrics(): Thrum['metrics'] {
    return this.parts.core.metrics;
  }

  get limits(): Thrum['limits'] {
    return this.parts.core.limits;
  }

  async listen({
    port = 3000,
    host = '127.0.0.1',
    path = '/ws',
    ...timeouts
  }: ListenOptions = {}): Promise<Listening> {
    this.refuseWhenClosed();
    const { log, edge, http, signing, isAllowedOrigin } = this.parts;
    await this.start();
    const files = await loadPlayground(this.playground, log);
    const isReady = (): boolean => this.ended === undefined;
    const { edges } = http;
    const routes = createRoutes({
      path,
      log,
      isReady,
      isAllowedOrigin,
      edges,
      files,
      signing: files && signing,
    });
    const server = createHttpServer(timeouts, routes, (request) => pathOf(request) === path);
    const detach = attach(server, path, edge);
    const address = await listenOn(server, port, host);
    this.servers.add(server);
    this.detachments.add(detach);
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
    log.info('listening', { url, path });
    return { url, port: address.port, close: (options) => this.close(options) };
  }

  attach(server: UpgradeSource, { path = '/ws' }: AttachOptions = {}): () => void {
    this.refuseWhenClosed();
    const { edge, log } = this.parts;
    // A failure is told here and refuses every upgrade; there is nobody to reject to.
    this.start().catch((error: unknown) => log.error('a feature did not start', {}, error));
    const detach = attach(server, path, edge);
    this.detachments.add(detach);
    return () => {
      this.detachments.delete(detach);
      detach();
    };
  }

  publish(
    channel: string,
    event: string,
    data: unknown,
    options?: PublishRequestOptions,
  ): ReturnType<Core['publish']> {
    return this.parts.core.publish(channel, event, data, options);
  }

  broadcast(
    channels: readonly string[],
    event: string,
    data: unknown,
    options?: PublishRequestOptions,
  ): ReturnType<Core['broadcast']> {
    return this.parts.core.broadcast(channels, event, data, options);
  }

  publishToUser(
    userId: string,
    event: string,
    data: unknown,
    options?: PublishRequestOptions,
  ): ReturnType<Core['publish']> {
    return this.parts.core.publish(userChannelOf(userId), event, data, options);
  }

  disconnect(userId: string): number {
    return this.parts.core.disconnect(userId);
  }

  subscribeUser(userId: string, channel: string): Promise<number> {
    return this.parts.core.subscribeUser(userId, channel);
  }

  unsubscribeUser(userId: string, channel: string): number {
    return this.parts.core.unsubscribeUser(userId, channel);
  }

  presence(channel: string): ReturnType<Core['presence']> {
    return this.parts.core.presence(channel);
  }

  history(channel: string, query?: HistoryQuery): ReturnType<Core['history']> {
    return this.parts.core.history(channel, query);
  }

  channels(): ReturnType<Core['channels']> {
    return this.parts.core.channels();
  }

  connections(): ReturnType<Core['connections']> {
    return this.parts.core.connections();
  }

  close({ drainMs = this.limits.drainSeconds * 1000 }: CloseOptions = {}): Promise<void> {
    this.ended ??= this.end(drainMs);
    return this.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close({ drainMs: 0 });
  }

  private start(): Promise<void> {
    this.started ??= this.startParts();
    return this.started;
  }

  private async startParts(): Promise<void> {
    await this.parts.ownBroker.open();
    this.parts.ownStore.open();
    await this.parts.core.start();
    this.isStarted = true;
  }

  private refuseWhenClosed(): void {
    if (this.ended !== undefined) throw new Error('this server was closed: create another one');
  }

  private async end(drainMs: number): Promise<void> {
    const { log } = this.parts;
    log.info('closing', { drainMs });
    // The core's timers keep no process alive, and once the last socket is gone nothing else would until this is done.
    const hold = setInterval(() => undefined, 60_000);
    try {
      await this.endParts(drainMs);
    } finally {
      clearInterval(hold);
    }
    log.info('closed');
  }

  private async endParts(drainMs: number): Promise<void> {
    const { core, edge, http, ownBroker, ownStore } = this.parts;
    const servers = [...this.servers];
    // Still listening: what travels over HTTP needs a request for each step, to be told to come back and how it ended. New
    // connections are refused by the core.
    if (drainMs > 0) await core.drain(drainMs);
    await core.close();
    await Promise.all([edge.close(), http.close()]);
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const detach of this.detachments) detach();
    this.detachments.clear();
    for (const server of servers) server.closeAllConnections();
    await Promise.all(closed);
    this.servers.clear();
    await ownStore.close();
    await ownBroker.close();
  }
}
