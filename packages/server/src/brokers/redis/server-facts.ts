import type { Log } from '@thrum/core';
import { RedisBrokerError } from './errors.ts';
import type { Link } from './link.ts';

/** What the broker has to know of a server. */
export interface ServerFacts {
  readonly version: string;
  readonly isLoading: boolean;
  /** Whether each write is on disk before it is answered; undefined where CONFIG is not allowed. */
  readonly syncsAlways: boolean | undefined;
  /** What it does when it is full. */
  readonly policy: string;
  /** Whether it took over from another one, which may have had writes that it lacks. */
  readonly wasPromoted: boolean;
}

/** Asks each server that takes writes. */
export async function readFacts(link: Link): Promise<readonly ServerFacts[]> {
  const [infos, configs] = await Promise.all([
    link.everywhere(['INFO']),
    link.everywhere(['CONFIG', 'GET', 'append*']).catch(() => undefined),
  ]);
  return infos.map((info, index) => factsOf(String(info), configs?.[index]));
}

function factsOf(info: string, config: unknown): ServerFacts {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    version: field('redis_version'),
    isLoading: field('loading') === '1' || field('async_loading') === '1',
    syncsAlways: config === undefined ? undefined : syncsAlways(config),
    policy: field('maxmemory_policy'),
    wasPromoted: /[^0]/.test(field('master_replid2')),
  };
}

/** RESP3 answers with a map, RESP2 with a list. */
function syncsAlways(config: unknown): boolean {
  const pairs = Array.isArray(config)
    ? config.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(config[index + 1])]] : []))
    : Object.entries(config as object).map(([name, value]) => [name, String(value)]);
  const settings = new Map(pairs as [string, string][]);
  return settings.get('appendonly') === 'yes' && settings.get('appendfsync') === 'always';
}

/** @throws RedisBrokerError for a server that cannot do what the broker needs, or not what `durable` promises. */
export function checkFacts(facts: readonly ServerFacts[], durable: boolean): void {
  for (const { version, syncsAlways } of facts) {
    if (Number.parseInt(version, 10) < 7) {
      const message = `The Redis broker needs Redis 7.0 or newer, or Valkey, got Redis ${version}`;
      throw new RedisBrokerError('unsupported', message);
    }
    if (durable && syncsAlways !== true) {
      const got = syncsAlways === undefined ? 'CONFIG GET is not allowed' : 'it is not set so';
      const message = `Tier durable needs a Redis with \`appendonly yes\` and \`appendfsync always\`: ${got}`;
      throw new RedisBrokerError('not_durable', message);
    }
  }
}

/** Tells people what is allowed and yet unwise. */
export function warnOfFacts(facts: readonly ServerFacts[], log: Log): void {
  const policy = facts.find((fact) => fact.policy !== '' && fact.policy !== 'noeviction')?.policy;
  if (policy !== undefined) {
    log.warn(
      'Redis deletes keys when it is full, logs of channels among them: set maxmemory-policy noeviction',
      {
        policy,
      },
    );
  }
}
