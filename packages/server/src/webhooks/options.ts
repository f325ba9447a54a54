import { isIP } from 'node:net';
import { allowPrivateProblem, loopback } from './addresses.ts';
import {
  type WebhookEventType,
  webhookEventTypes,
  type WebhookQuestion,
  webhookQuestions,
} from './payloads.ts';
import { webhookKey } from './signature.ts';

/** How a backend in any language is asked and told by HTTP (docs/webhooks.md). */
export interface WebhookOptions {
  /** For every question and for the events, unless they have one of their own. */
  readonly url?: string;
  /** Asks it who a token belongs to; instead of the server's own check of tokens. */
  readonly connectUrl?: string;
  /** Asks it every `validateSeconds` whether a session is still good. */
  readonly validateUrl?: string;
  /** Asks it who may read a channel: its publications, history and presence. */
  readonly subscribeUrl?: string;
  /** Asks it who may publish to a channel. */
  readonly publishUrl?: string;
  /** Tells it what happens. */
  readonly eventsUrl?: string;
  /** Which questions are asked at `url`, besides those that have a URL of their own. Default: none. */
  readonly ask?: readonly WebhookQuestion[];
  /** Which events are told. Default, with `eventsUrl`: `channel.*` and `user.*`; without: none. */
  readonly events?: readonly WebhookEventType[];
  /** `whsec_` and 24 to 64 bytes in base64. Each request has a signature by each of them: two, to change from one to the other. */
  readonly secrets?: readonly string[];
  /**
   * Hosts, addresses and ranges that may be called although they are private. A host name opens private, shared,
   * unique-local and loopback addresses; anything else, link-local among it, only its range. Default: loopback in
   * development, none in production.
   */
  readonly allowPrivate?: readonly string[];
  /** Seconds for one request in all, waiting for a place included. Default 5. */
  readonly timeoutSeconds?: number;
  /** Largest reply, in bytes. Default 65536. */
  readonly replyBytes?: number;
  /** Most questions under way at once, for each URL. Default 32. */
  readonly concurrency?: number;
  /** Most questions waiting for a place, for each URL; more get no answer. Default 1000. */
  readonly queue?: number;
  /** Longest time that an answer with `ttl` is remembered, in seconds; 0 remembers none. Default 60. */
  readonly cacheSeconds?: number;
  /** Most answers remembered. Default 10000. */
  readonly cacheEntries?: number;
  /** Requests in a row without any answer after which a URL is left alone. Default 5. */
  readonly breakerFailures?: number;
  /** Seconds that a URL is left alone before one request tries it again. Default 5. */
  readonly breakerSeconds?: number;
  /** Most events of one request. Default 100. */
  readonly batchEvents?: number;
  /** Seconds that events wait for others to come with them. Default 0.2. */
  readonly batchSeconds?: number;
  /** Seconds in which a user or a channel that is back was never away. Default 5. */
  readonly graceSeconds?: number;
  /** Most events that wait for delivery; the oldest give way. Default 10000. */
  readonly pendingEvents?: number;
  /** Seconds for which delivery is tried again. Default 86400, a day. */
  readonly retrySeconds?: number;
}

type Numbers = {
  readonly [
    Key in keyof WebhookOptions as Required<WebhookOptions>[Key] extends number ? Key : never
  ]-?: number;
};

export const webhookDefaults: Numbers = {
  timeoutSeconds: 5,
  replyBytes: 65_536,
  concurrency: 32,
  queue: 1000,
  cacheSeconds: 60,
  cacheEntries: 10_000,
  breakerFailures: 5,
  breakerSeconds: 5,
  batchEvents: 100,
  batchSeconds: 0.2,
  graceSeconds: 5,
  pendingEvents: 10_000,
  retrySeconds: 86_400,
};

const defaultEvents: readonly WebhookEventType[] = webhookEventTypes.slice(0, 4);

/** Options in the form in which they are used. */
export interface WebhookSettings extends Numbers {
  readonly questions: Readonly<Partial<Record<WebhookQuestion, URL>>>;
  /** Absent: nothing is told. */
  readonly events: { readonly url: URL; readonly types: ReadonlySet<WebhookEventType> } | undefined;
  readonly keys: readonly Buffer[];
  readonly allowPrivate: readonly string[];
}

/** A fault of the options, and which one it is. */
export interface WebhookProblem {
  readonly option: keyof WebhookOptions;
  readonly message: string;
}

/** Where each question is asked; one that is not asked is absent. */
function urlsOf(options: WebhookOptions): Readonly<Partial<Record<WebhookQuestion, string>>> {
  const { ask = [], url } = options;
  const entries = webhookQuestions.map((question) => {
    const own = options[`${question}Url`];
    return [question, own ?? (ask.includes(question) ? url : undefined)] as const;
  });
  return Object.fromEntries(entries.filter(([, location]) => location !== undefined));
}

/** Whether anything is asked or told. */
export function usesWebhooks(options: WebhookOptions | undefined): options is WebhookOptions {
  if (options === undefined) return false;
  const { ask = [], events = [] } = options;
  const own = [...webhookQuestions, 'events' as const].some((name) => options[`${name}Url`] !== undefined);
  return own || options.url !== undefined || ask.length > 0 || events.length > 0;
}

/** Whether this backend decides who somebody is. */
export function asksWhoConnects(options: WebhookOptions): boolean {
  return urlsOf(options).connect !== undefined;
}

/** Every URL among the options. */
export function webhookLocations(options: WebhookOptions): readonly string[] {
  const { url, eventsUrl } = options;
  const all = [url, eventsUrl, ...webhookQuestions.map((question) => options[`${question}Url`])];
  return [...new Set(all.filter((location) => location !== undefined))];
}

/** What is wrong with options that are good one by one. */
export function webhookProblems(options: WebhookOptions): readonly WebhookProblem[] {
  if (!usesWebhooks(options)) return [];
  const { ask = [], events, eventsUrl, secrets = [], url } = options;
  const problems: WebhookProblem[] = [];
  const homeless = ask.filter((question) => url === undefined && options[`${question}Url`] === undefined);
  if (homeless.length > 0) {
    problems.push({
      option: 'ask',
      message: `expected url, or ${homeless[0]}Url, where ${homeless[0]} is asked`,
    });
  }
  if (events !== undefined && events.length > 0 && url === undefined && eventsUrl === undefined) {
    problems.push({ option: 'events', message: 'expected url or eventsUrl, where events are told' });
  }
  if (url !== undefined && ask.length === 0 && (events ?? []).length === 0) {
    problems.push({
      option: 'url',
      message: 'would not be used: ask says what is asked there, events what is told',
    });
  }
  if (secrets.length === 0) {
    problems.push({
      option: 'secrets',
      message: 'expected a secret to sign requests with: the backend cannot know them otherwise',
    });
  }
  return problems;
}

/** @throws TypeError naming the option that cannot work. */
export function readWebhookOptions(options: WebhookOptions, development: boolean): WebhookSettings {
  const [problem] = webhookProblems(options);
  if (problem !== undefined) throw new TypeError(`webhooks.${problem.option}: ${problem.message}`);
  const { allowPrivate = development ? loopback : [], eventsUrl, secrets = [], url } = options;
  const { events: types = eventsUrl === undefined ? [] : defaultEvents } = options;
  for (const entry of allowPrivate) refuse('allowPrivate', allowPrivateProblem(entry));
  refuse('ask', unknownProblem(options.ask ?? [], webhookQuestions));
  refuse('events', unknownProblem(types, webhookEventTypes));
  const told = types.length === 0 ? undefined : (eventsUrl ?? url);
  const questions = Object.entries(urlsOf(options)).map(([question, location]) => {
    const own = `${question as WebhookQuestion}Url` as const;
    return [question, readUrl(options[own] === undefined ? 'url' : own, location)];
  });
  return {
    ...readNumbers(options),
    questions: Object.fromEntries(questions) as WebhookSettings['questions'],
    events:
      told === undefined
        ? undefined
        : { url: readUrl(eventsUrl === undefined ? 'url' : 'eventsUrl', told), types: new Set(types) },
    keys: secrets.map(webhookKey),
    allowPrivate,
  };
}

/** What is wrong with the address of a backend. */
export function webhookUrlProblem(location: string): string | undefined {
  const url = URL.parse(location);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return 'expected an http or https URL';
  if (url.username !== '' || url.password !== '') return 'expected a URL without user and password';
  return url.hash === '' ? undefined : 'expected a URL without a fragment';
}

/** Whether what is sent there can be read and changed on the way. */
export function isOpenToAll(location: string): boolean {
  const url = URL.parse(location);
  return url?.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

/** The host of a URL as an address or a name: without the brackets of IPv6. */
export function hostOf({ hostname }: URL): { readonly host: string; readonly isAddress: boolean } {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { host, isAddress: isIP(host) !== 0 };
}

function readUrl(option: string, location: string): URL {
  refuse(option, webhookUrlProblem(location));
  return new URL(location);
}

function readNumbers(options: WebhookOptions): Numbers {
  const numbers = Object.entries(webhookDefaults).map(([key, fallback]) => {
    const value = options[key as keyof Numbers] ?? fallback;
    const mayBeZero = key === 'cacheSeconds' || key === 'graceSeconds' || key === 'batchSeconds';
    const isGood = typeof value === 'number' && value < Infinity && (value > 0 || (mayBeZero && value === 0));
    refuse(key, isGood ? undefined : `expected a number above 0, got ${String(value)}`);
    return [key, value];
  });
  return Object.fromEntries(numbers) as Numbers;
}

function unknownProblem(given: readonly string[], known: readonly string[]): string | undefined {
  const unknown = given.find((name) => !known.includes(name));
  return unknown && `expected some of ${known.join(', ')}, got ${JSON.stringify(unknown)}`;
}

function refuse(option: string, problem: string | undefined): void {
  if (problem !== undefined) throw new TypeError(`webhooks.${option}: ${problem}`);
}
