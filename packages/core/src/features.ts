import { type Envelope, isClientType, reservedEvents } from '@thrum/protocol';
import type { ChannelDefinition } from './channel/definition.ts';
import { idOf, userOf } from './commands/reply.ts';
import type { Connection } from './connection/connection.ts';
import { ThrumError } from './errors.ts';
import type { Feature, FeatureContext } from './feature.ts';
import type { ChannelEvent } from './hooks.ts';
import type { MethodDefinition } from './methods.ts';
import { notify } from './notify.ts';
import type { Log } from './ports/log.ts';
import type { MaybePromise } from './types.ts';

type Handler = NonNullable<Feature['frames']>[string];

/** The plug-ins of a node: who serves which client frame, and who wants to know what. */
export class Features {
  private readonly handlers = new Map<string, Handler>();
  private readonly all: readonly Feature[];
  private readonly leavers: readonly Feature[];
  private readonly stops: (() => MaybePromise<void>)[] = [];

  /** @throws Error naming two features, or a feature and the protocol, that claim one name. */
  constructor(features: readonly Feature[]) {
    this.all = features;
    this.leavers = features.filter((feature) => feature.left !== undefined);
    for (const feature of features) {
      for (const [type, handler] of Object.entries(feature.frames ?? {})) {
        const taken = isClientType(type) || reservedEvents.includes(type) || this.handlers.has(type);
        if (taken) throw new Error(`feature "${feature.name}": the frame type "${type}" is taken`);
        this.handlers.set(type, handler);
      }
    }
  }

  /** Serves a frame that is not the protocol's own. */
  handle(connection: Connection, envelope: Envelope): MaybePromise<void> {
    const handler = this.handlers.get(envelope.type);
    if (handler === undefined) throw new ThrumError('unknown_type');
    return this.run(handler, connection, envelope);
  }

  async start(context: FeatureContext): Promise<void> {
    for (const feature of this.all) {
      const stop = await feature.start?.(context);
      if (stop !== undefined) this.stops.push(stop);
    }
  }

  /** Ends them in the reverse order of their start; one that fails is logged and does not keep the others running. */
  async stop(log: Log): Promise<void> {
    for (const stop of this.stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        log.error('a feature did not stop', {}, error);
      }
    }
  }

  /** Tells them that a connection left; one that throws must not keep the others, or the connection, from ending. */
  left(event: ChannelEvent, log: Log): void {
    for (const feature of this.leavers) {
      notify(log, `${feature.name} feature's left`, (left: ChannelEvent) => feature.left?.(left), event);
    }
  }

  private async run(handler: Handler, connection: Connection, envelope: Envelope): Promise<void> {
    const result = await handler({
      connectionId: connection.id,
      user: userOf(connection),
      frame: envelope.raw,
    });
    if (envelope.id !== undefined)
      connection.send({ type: 'result', data: result ?? null, ...idOf(envelope) });
  }
}

/**
 * The application's channels with those its features bring; the application's own win over a feature's.
 * @throws Error when two features define one pattern.
 */
export function collectChannels(
  own: Readonly<Record<string, ChannelDefinition>>,
  features: readonly Feature[],
): Readonly<Record<string, ChannelDefinition>> {
  const all = collect('channel', features, (feature) => feature.channels ?? {});
  return { ...Object.fromEntries(all), ...own };
}

/**
 * Methods by name, the application's and its features'.
 * @throws Error when two of them have one name.
 */
export function collectMethods(
  own: Readonly<Record<string, MethodDefinition>>,
  features: readonly Feature[],
): ReadonlyMap<string, MethodDefinition> {
  const application: Feature = { name: 'application', methods: own };
  return collect('method', [application, ...features], (feature) => feature.methods ?? {});
}

function collect<Item>(
  what: string,
  features: readonly Feature[],
  of: (feature: Feature) => Readonly<Record<string, Item>>,
): Map<string, Item> {
  const all = new Map<string, Item>();
  for (const feature of features) {
    for (const [name, item] of Object.entries(of(feature))) {
      if (all.has(name)) throw new Error(`feature "${feature.name}": the ${what} "${name}" is taken`);
      all.set(name, item);
    }
  }
  return all;
}
