import { nearest } from '@thrum/core';
import type { Given, Problem } from './config.ts';
import { allOptions, variableOf } from './options.ts';

/** Variables of the command line and of this repository's own tools; no options of a server. */
const otherVariables: ReadonlySet<string> = new Set([
  'THRUM_CONFIG',
  'THRUM_DEBUG',
  'THRUM_TOKEN',
  'THRUM_URL',
  'THRUM_CHROMIUM',
  'THRUM_DEV_SERVER',
  'THRUM_RUNS',
  'THRUM_SEED',
]);

export interface EnvironmentResult {
  /** What was given, by the option's key. */
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Reads every THRUM_* variable; one that nobody knows is a slip that would otherwise go unnoticed. */
export function readEnvironment(env: NodeJS.ProcessEnv, base: string): EnvironmentResult {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const keys = new Map([...allOptions].map(([key, option]) => [variableOf(key, option), key]));
  for (const [variable, raw = ''] of Object.entries(env)) {
    if (!variable.startsWith('THRUM_') || otherVariables.has(variable)) continue;
    const key = keys.get(variable);
    if (isServiceLink(variable, raw, key !== undefined)) {
      if (key !== undefined)
        warnings.push(`${variable}=${raw} was set by Kubernetes for a service and is ignored`);
    } else if (key === undefined) {
      problems.push({ place: variable, message: unknownVariable(variable, keys.keys()) });
    } else if (raw === '') {
      warnings.push(`${variable} is empty and counts as not set`);
    } else {
      given.set(key, { kind: 'env', place: variable, base, raw });
    }
  }
  // NODE_ENV is everybody's, THRUM_MODE ours.
  if (env['NODE_ENV'] === 'production' && !given.has('mode')) {
    given.set('mode', { kind: 'env', place: 'NODE_ENV', base, raw: 'production' });
  }
  return { given, problems, warnings };
}

/** A Kubernetes service named `thrum` or `thrum-…` puts THRUM_PORT=tcp://… and a dozen others into every pod. */
function isServiceLink(variable: string, value: string, known: boolean): boolean {
  if (/^THRUM_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP))?$/.test(variable) && /^(tcp|udp|sctp):\/\//.test(value))
    return true;
  return !known && /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/.test(variable);
}

function unknownVariable(variable: string, known: Iterable<string>): string {
  const meant = nearest(variable, known);
  return `is no option of Thrum${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}
