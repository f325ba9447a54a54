import type { Core, HistoryQuery, PublishRequestOptions } from '@thrum/core';
import { attach, type UpgradeSource } from './attach.ts';
import type { ChannelEvents, DefinitionContract, Methods, ThrumDefinition } from './definition.ts';
import { fileRoute, healthRoutes, tokenRoute, upgradeRoute } from './http/pages.ts';
import { createRouter, edgeRoutes, type RequestHandler, type Route } from './http/routes.ts';
import { createSecureListener } from './http/secure.ts';
import { createPlainListener, type Listener, listenOn, type Serving } from './http/server.ts';
import { compose, type Parts } from './parts.ts';
import { loadPlayground } from './playground.ts';
import type { AttachOptions, CloseOptions, Listening, ListenOptions, Thrum } from './thrum-api.ts';
import { pathOf } from './transports/websocket/handshake.ts';
import { userChannelOf } from './user-channel.ts';

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

class ThrumServer implements Thrum {
  readonly definition: Thrum['definition'];
  private readonly parts: Parts;
  private readonly playground: boolean | string;
  private readonly listeners = new Set<Listener>();
  private readonly detachments = new Set<() => void>();
  private started: Promise<void> | undefined;
  private isStarted = false;
  private saidAccess = false;
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

  stats(): ReturnType<Thrum['stats']> {
    return this.parts.core.stats();
  }

  async listen(options: ListenOptions = {}): Promise<Listening> {
    const { port = 3000, host = '127.0.0.1', path = '/ws', tls, ...timeouts } = options;
    this.refuseWhenClosed();
    const { log, edge } = this.parts;
    await this.start();
    const handle = createRouter(await this.routes(path), log);
    const serving = {
      timeouts,
      handle,
      isOurUpgrade: (request) => pathOf(request) === path,
    } satisfies Serving;
    const idleSeconds = 2 * this.limits.pingSeconds;
    const secure = tls && (await createSecureListener({ ...serving, tls, idleSeconds, log }));
    const listener = secure ?? createPlainListener(serving);
    const detach = attach(listener.server, path, edge);
    const address = await listenOn(listener.server, port, host);
    this.listeners.add(listener);
    this.detachments.add(detach);
    const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
    log.info('listening', { url, path });
    return {
      url,
      port: address.port,
      reloadCertificate: async () => secure?.reload(),
      close: (closing) => this.close(closing),
    };
  }

  handler(): RequestHandler {
    this.refuseWhenClosed();
    const { api, http, log } = this.parts;
    this.startOrSay();
    this.sayAccess();
    return createRouter([...edgeRoutes(http.edges), api], log);
  }

  attach(server: UpgradeSource, { path = '/ws' }: AttachOptions = {}): () => void {
    this.refuseWhenClosed();
    const { edge } = this.parts;
    this.startOrSay();
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

  /** A failure is told here and refuses every upgrade and request; there is nobody to reject to. */
  private startOrSay(): void {
    this.start().catch((error: unknown) => this.parts.log.error('a feature did not start', {}, error));
  }

  private async routes(path: string): Promise<readonly Route[]> {
    const { log, api, http, signing, isAllowedOrigin } = this.parts;
    this.sayAccess();
    const files = await loadPlayground(this.playground, log);
    return [
      upgradeRoute(path),
      ...edgeRoutes(http.edges),
      api,
      ...healthRoutes(() => this.ended === undefined),
      ...(files === undefined ? [] : [fileRoute(files)]),
      ...(files === undefined || signing === undefined ? [] : [tokenRoute(signing, isAllowedOrigin, log)]),
    ];
  }

  /** Once, however many ways the API is served. */
  private sayAccess(): void {
    const { access, log } = this.parts;
    if (this.saidAccess) return;
    this.saidAccess = true;
    if (access.kind === 'local') {
      log.warn('the HTTP API needs no key on this machine: set apiKeys (THRUM_API_KEY) to ask for one');
    } else if (access.kind === 'off') {
      log.warn('the HTTP API is off: it needs apiKeys (THRUM_API_KEY)');
    }
  }

  private async startParts(): Promise<void> {
    await this.parts.ownBroker.open();
    this.parts.ownStore.open();
    await this.parts.webhooks?.start();
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
    const { core, edge, api, http, ownBroker, ownStore, webhooks } = this.parts;
    // Still listening: what travels over HTTP needs a request for each step, to be told to come back and how it ended. New
    // connections are refused by the core.
    if (drainMs > 0) await core.drain(drainMs);
    await core.close();
    for (const listener of this.listeners) listener.stop();
    await Promise.all([edge.close(), http.close(), api.close()]);
    for (const detach of this.detachments) detach();
    this.detachments.clear();
    await Promise.all([...this.listeners].map((listener) => listener.end()));
    this.listeners.clear();
    await webhooks?.close(drainMs);
    await ownStore.close();
    await ownBroker.close();
  }
}
