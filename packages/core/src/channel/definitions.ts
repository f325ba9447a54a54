import { channelNameError, eventNameError } from '@thrum/protocol';
import { toMilliseconds } from '../duration.ts';
import type { Retention } from '../ports/broker.ts';
import { refuseUnknown } from '../suggest.ts';
import {
  type Authorize,
  type ChannelDefinition,
  conflateNames,
  definitionNames,
  type Events,
  historyNames,
  type SlowPolicy,
  type Tier,
} from './definition.ts';
import { comparePatterns, compilePattern, type Pattern, renderTemplate } from './pattern.ts';
import { compileInterval, compileKey, compileSlow, type FrameKey } from './slow.ts';

/** A definition with its defaults filled in. */
export interface Rules {
  readonly pattern: Pattern;
  readonly tier: Tier;
  /** Absent for ephemeral channels. */
  readonly retention?: Retention;
  readonly presence: boolean;
  readonly slow: SlowPolicy;
  /** By what publications are told apart where the newest is enough. */
  readonly keyOf: FrameKey;
  /** Milliseconds between two batches for live subscribers; 0: each publication is sent at once. */
  readonly every: number;
  readonly events?: Events;
  readonly authorize?: Authorize;
  /** The template of a channel name. */
  readonly deadLetter?: string;
}

/** The rules for one channel name, and the parameters its pattern found in it. */
export interface Match {
  readonly rules: Rules;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the most specific definition for a channel name; `undefined` when none fits. */
export type Definitions = (channel: string) => Match | undefined;

const defaultSize = 100;
const defaultTtl = '5m';

/**
 * Compiles channel definitions.
 * @throws Error naming the pattern and what is wrong: an unknown option, two patterns that fit the same names, a bad duration, event name,
 * key, interval or policy for slow readers, a durable tier on a broker that is not.
 */
export function compileDefinitions(
  channels: Readonly<Record<string, ChannelDefinition>>,
  durableBroker: boolean,
): Definitions {
  const all = Object.entries(channels).map(([source, definition]) =>
    compileRules(source, definition, durableBroker),
  );
  const shapes = new Map<string, string>();
  for (const { pattern } of all) {
    const twin = shapes.get(pattern.shape);
    if (twin !== undefined) {
      throw new Error(
        `channel patterns "${twin}" and "${pattern.source}" fit the same names: keep one of them`,
      );
    }
    shapes.set(pattern.shape, pattern.source);
  }
  all.sort((a, b) => comparePatterns(a.pattern, b.pattern));
  const find: Definitions = (channel) => {
    for (const rules of all) {
      const params = rules.pattern.match(channel);
      if (params !== undefined) return { rules, params };
    }
    return undefined;
  };
  for (const rules of all) checkDeadLetter(rules, find);
  return find;
}

/** A template is tried with a value for each parameter: what is wrong with it shows at the start and not with the first letter. */
function checkDeadLetter({ pattern, tier, deadLetter }: Rules, find: Definitions): void {
  if (deadLetter === undefined) return;
  const refuse = (problem: string): never => {
    throw new Error(`channel "${pattern.source}": deadLetter "${deadLetter}" ${problem}`);
  };
  if (tier === 'ephemeral') refuse('has no use: an ephemeral channel has no acknowledged subscribers');
  const params = Object.fromEntries(pattern.names.map((name) => [name, 'x']));
  const target = renderTemplate(deadLetter, params);
  if (/[{}]/u.test(target)) refuse(`names a parameter that the pattern does not have`);
  const rules = find(target)?.rules;
  if (rules === undefined) return refuse('is no channel that is defined');
  if (rules.retention === undefined) refuse('is an ephemeral channel, which keeps nothing');
  if (rules.deadLetter !== undefined)
    refuse('has a dead-letter channel itself: a letter could go round for ever');
}

function compileRules(source: string, definition: ChannelDefinition, durableBroker: boolean): Rules {
  const problem = channelNameError(source);
  if (problem !== undefined) throw new Error(`channel pattern "${source}": it ${problem}`);
  refuseUnknown('option', definition, definitionNames, `channel "${source}": `);
  refuseUnknown('option', definition.history, historyNames, `channel "${source}": history: `);
  refuseUnknown('option', definition.conflate, conflateNames, `channel "${source}": conflate: `);
  const tier = definition.tier ?? 'recoverable';
  if (tier === 'durable' && !durableBroker) {
    throw new Error(
      `channel "${source}": tier "durable" needs a broker that keeps its log on disk, and this one does not`,
    );
  }
  if (tier === 'ephemeral' && definition.history !== undefined) {
    throw new Error(`channel "${source}": an ephemeral channel keeps no history`);
  }
  for (const event of Object.keys(definition.events ?? {})) {
    const eventProblem = eventNameError(event);
    if (eventProblem !== undefined) throw new Error(`channel "${source}": event "${event}" ${eventProblem}`);
  }
  return {
    pattern: compilePattern(source),
    tier,
    presence: definition.presence ?? false,
    slow: compileSlow(source, definition),
    keyOf: compileKey(source, definition),
    every: compileInterval(source, definition),
    ...(tier === 'ephemeral' ? {} : { retention: compileRetention(source, definition) }),
    ...(definition.deadLetter === undefined ? {} : { deadLetter: definition.deadLetter }),
    ...(definition.events === undefined ? {} : { events: definition.events }),
    ...(definition.authorize === undefined ? {} : { authorize: definition.authorize }),
  };
}

function compileRetention(source: string, { history }: ChannelDefinition): Retention {
  const size = history?.size ?? defaultSize;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new Error(`channel "${source}": history.size: expected a whole number from 1, got ${size}`);
  }
  try {
    return { size, ttl: toMilliseconds(history?.ttl ?? defaultTtl) };
  } catch (error) {
    throw new Error(
      `channel "${source}": history.ttl: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
