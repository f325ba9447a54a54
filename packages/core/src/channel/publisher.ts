import { eventNameError, type Position } from '@thrum/protocol';
import { accessDenied } from '../auth/authorizer.ts';
import { ThrumError, unavailable } from '../errors.ts';
import { fingerprint } from '../fingerprint.ts';
import type { Hooks } from '../hooks.ts';
import { notify } from '../notify.ts';
import type { Broker, Draft, Idempotency, PublishOptions, PublishOutcome } from '../ports/broker.ts';
import type { Env } from '../ports/env.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import { Trouble } from '../trouble.ts';
import { checkChannelName, toJson, validate } from '../validate.ts';
import type { Definitions, Rules } from './definitions.ts';

export interface PublisherParts {
  readonly broker: Broker;
  readonly env: Env;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly hooks: Hooks;
  readonly definitions: Definitions;
  readonly maxDepth: number;
}

/** A message that may be appended: its names, rules and data have been checked. */
export interface Prepared {
  readonly channel: string;
  readonly rules: Rules;
  readonly event: string;
  readonly data: unknown;
  /** The data before schema and hook, by which a repeat is recognised: they may make another value of it each time. */
  readonly sent: unknown;
}

export interface AppendOptions {
  readonly from?: string | undefined;
  readonly id?: string | undefined;
  /** The id of the publisher's message before, which must be known by then. */
  readonly follows?: string | undefined;
}

export interface Appended {
  readonly position?: Position;
  readonly duplicate: boolean;
}

/** PROTOCOL.md §2: never remembered for less than this. */
const minKeyTtl = 300_000;

/** The one way into a channel's log, for clients, the application and features. */
export class Publisher {
  private readonly parts: PublisherParts;
  private readonly refusals: Trouble;

  constructor(parts: PublisherParts) {
    this.parts = parts;
    this.refusals = new Trouble(parts, {
      failure: 'the broker refused a publication',
      recovery: 'the broker takes publications again',
    });
  }

  close(): void {
    this.refusals.close();
  }

  /**
   * Checks what a server-side caller wants to publish.
   * @throws ThrumError `invalid_channel`, `access_denied`, `invalid_event`, `invalid_data`.
   */
  async prepare(channel: string, event: string, data: unknown): Promise<Prepared> {
    checkChannelName(channel);
    const match = this.parts.definitions(channel);
    if (match === undefined) throw accessDenied('publish');
    return this.check(channel, match.rules, event, toJson(data, this.parts.maxDepth));
  }

  /**
   * Checks event and data against a channel's rules.
   * @throws ThrumError `invalid_event`, `invalid_data`.
   */
  async check(channel: string, rules: Rules, event: string, data: unknown): Promise<Prepared> {
    const problem = eventNameError(event);
    if (problem !== undefined) throw new ThrumError('invalid_event', `Invalid event name: it ${problem}`);
    if (rules.events !== undefined && !Object.hasOwn(rules.events, event)) {
      const known = Object.keys(rules.events).join(', ');
      throw new ThrumError('invalid_event', `Invalid event name: this channel has ${known}`);
    }
    const checked = await validate(rules.events?.[event], data, this.parts.maxDepth);
    return { channel, rules, event, data: checked, sent: data };
  }

  /**
   * Hands a message to the broker, in the order of the calls.
   * @throws ThrumError `id_conflict`, `out_of_order`, `unavailable`.
   */
  async append(prepared: Prepared, { from, id, follows }: AppendOptions): Promise<Appended> {
    const { channel, event, data, rules } = prepared;
    const { env, metrics } = this.parts;
    const draft: Draft = {
      channel,
      event,
      data,
      ...(id === undefined ? {} : { id }),
      ...(from === undefined ? {} : { from }),
      timestamp: env.now(),
    };
    const options: PublishOptions = {
      ...(rules.retention === undefined ? {} : { retention: rules.retention }),
      ...(id === undefined ? {} : { idempotency: idempotencyOf(prepared, from, id, follows) }),
    };
    const outcome = await this.publish(channel, draft, options);
    if (outcome.kind === 'conflict') throw new ThrumError('id_conflict');
    if (outcome.kind === 'out-of-order') throw new ThrumError('out_of_order');
    const { position } = outcome;
    const duplicate = outcome.kind === 'duplicate';
    if (duplicate) metrics.duplicates += 1;
    else {
      metrics.published += 1;
      notify(this.parts.log, 'published', this.parts.hooks.published, { ...draft, ...position });
    }
    return position === undefined ? { duplicate } : { position, duplicate };
  }

  /**
   * Sends a transient event to those who are subscribed now. The channel's own events do not bind features.
   * @throws ThrumError `access_denied` for a channel that nobody defined, `unavailable`.
   */
  async signal(channel: string, event: string, data: unknown, from: string | undefined): Promise<void> {
    if (this.parts.definitions(channel) === undefined) throw accessDenied('publish');
    const timestamp = this.parts.env.now();
    await this.publish(
      channel,
      { channel, event, data, ...(from === undefined ? {} : { from }), timestamp },
      {},
    );
  }

  private async publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    try {
      const outcome = await this.parts.broker.publish(channel, draft, options);
      this.refusals.succeeded();
      return outcome;
    } catch (error) {
      this.refusals.failed({ channel }, error);
      throw unavailable(error, this.parts.env);
    }
  }
}

function idempotencyOf(
  { event, sent, rules }: Prepared,
  from: string | undefined,
  id: string,
  follows: string | undefined,
): Idempotency {
  return {
    key: keyOf(from, id),
    fingerprint: fingerprint(`${event}\u0000${JSON.stringify(sent)}`),
    ttl: Math.max(minKeyTtl, rules.retention?.ttl ?? 0),
    ...(follows === undefined ? {} : { follows: keyOf(from, follows) }),
  };
}

/** U+0000 cannot occur in a user id that reached this far, so two pairs never make one key. */
function keyOf(from: string | undefined, id: string): string {
  return `${from ?? ''}\u0000${id}`;
}
