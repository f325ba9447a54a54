import type { ChannelDefinition, Identity, MaybePromise, MethodDefinition } from '@thrum/core';
import type { ThrumDefinition } from '../definition.ts';
import type { Problem } from './config.ts';
import type { ConfigFile } from './file.ts';
import { isRecord, kindOf } from '../values.ts';

/** What only code can say: fields of a configuration file that no variable or flag has. */
export interface Definition extends Pick<
  ThrumDefinition,
  'features' | 'hooks' | 'auth' | 'broker' | 'store' | 'log'
> {
  readonly channels?: Readonly<Record<string, ChannelDefinition>>;
  readonly methods?: Readonly<Record<string, MethodDefinition>>;
  /** Asked every `validateSeconds` whether a session is still good; `auth` decides alone where it is an object. */
  readonly validateSession?: (identity: Identity) => MaybePromise<boolean>;
}

type Check = (value: unknown) => string | undefined;

const fields: { readonly [Key in keyof Definition]-?: Check } = {
  channels: (value) => recordOf(isRecord, value, 'channel definitions by pattern'),
  methods: (value) =>
    recordOf(
      (method) => isRecord(method) && isFunction(method['handler']),
      value,
      'methods with a handler, by name',
    ),
  features: (value) =>
    Array.isArray(value) && value.every((feature) => isRecord(feature) && typeof feature['name'] === 'string')
      ? undefined
      : expected('an array of features', value),
  hooks: (value) => recordOf(isFunction, value, 'functions by hook name'),
  auth: (value) =>
    isAuth(value) ? undefined : expected('a function, an Auth, or the options of createTokenAuth', value),
  validateSession: (value) => (isFunction(value) ? undefined : expected('a function', value)),
  broker: (value) =>
    isRecord(value) && isFunction(value['publish']) ? undefined : expected('a Broker', value),
  store: (value) => (isRecord(value) && isFunction(value['put']) ? undefined : expected('a Store', value)),
  log: (value) => (isRecord(value) && isFunction(value['info']) ? undefined : expected('a Log', value)),
};

/** Fields that only a file can hold. */
export const definitionFields: readonly string[] = Object.keys(fields);

/** Takes the definition out of a file and says what is wrong with its shape. */
export function readDefinition(file: ConfigFile | undefined): {
  readonly definition: Definition;
  readonly problems: readonly Problem[];
} {
  if (file === undefined) return { definition: {}, problems: [] };
  const problems: Problem[] = [];
  const found: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(fields)) {
    const value = file.fields[name];
    if (value === undefined) continue;
    const message = check(value);
    if (message === undefined) found[name] = value;
    else problems.push({ place: `${file.name}:${name}`, message });
  }
  if (isRecord(found['auth']) && found['validateSession'] !== undefined) {
    const message = 'would be ignored: auth is an object and validates sessions itself';
    problems.push({ place: `${file.name}:validateSession`, message });
  }
  return { definition: found as Definition, problems };
}

function isAuth(value: unknown): boolean {
  if (!isRecord(value)) return isFunction(value);
  return isFunction(value['authenticate']) || ['secret', 'publicKey', 'jwksUrl'].some((key) => key in value);
}

function recordOf(fits: (entry: unknown) => boolean, value: unknown, what: string): string | undefined {
  if (!isRecord(value)) return expected(`an object of ${what}`, value);
  const wrong = Object.keys(value).find((key) => value[key] !== undefined && !fits(value[key]));
  return wrong === undefined
    ? undefined
    : `expected an object of ${what}, but ${JSON.stringify(wrong)} is none`;
}

function expected(what: string, value: unknown): string {
  return `expected ${what}, got ${kindOf(value)}`;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
