import type { Auth, Env, Hooks, Log, MaybePromise, Store } from '@thrum/core';
import { defaultLimits } from '@thrum/protocol';
import { AddressRefused, AddressRules, type Resolve } from './addresses.ts';
import { EventWebhooks } from './events.ts';
import { hostOf, readWebhookOptions, webhookLocations, type WebhookOptions } from './options.ts';
import { Poster } from './post.ts';
import { Questions } from './questions.ts';

/** What `thrum start` leaves for everything after the drain is a tenth of its time. Milliseconds. */
const [shortestEnd, longestEnd] = [1000, 5000];

export interface WebhookParts {
  readonly env: Env;
  readonly log: Log;
  readonly development: boolean;
  /** Where events wait; absent or not durable: in memory. */
  readonly store: Store | undefined;
  readonly node: string | undefined;
  /** For tests that play a hostile name server. */
  readonly resolve?: Resolve;
}

/** A backend behind HTTP, as the ports and hooks of a node. */
export interface Webhooks {
  /** `base`, with what the backend decides of it. @param authSeconds is what a client has to authenticate, a limit. */
  auth(base: Auth | undefined, authSeconds: number | undefined): Auth | undefined;
  /** The application's hooks with those of the backend. Both must allow what is authorised. */
  hooks(application: Hooks | undefined): Hooks;
  start(): Promise<void>;
  /** Tells what is still to be told, in a tenth of the drain's time, then ends every connection to the backend. */
  close(drainMs: number): Promise<void>;
}

/** @throws TypeError naming the option that cannot work. */
export function createWebhooks(options: WebhookOptions, parts: WebhookParts): Webhooks {
  const { development, env, log, node, resolve, store } = parts;
  const settings = readWebhookOptions(options, development);
  const { concurrency, events: told, replyBytes } = settings;
  const addresses = new AddressRules(settings.allowPrivate, resolve);
  for (const location of webhookLocations(options)) refuseAddress(addresses, new URL(location));
  const poster = new Poster({ env, addresses, idleSockets: concurrency, replyBytes });
  const questions = new Questions({ env, log, poster, settings });
  const events = told && new EventWebhooks({ env, log, poster, settings, told, store, node });
  const authorize = questions.authorize();
  const own: Hooks = { ...events?.hooks(), ...(authorize === undefined ? {} : { authorize }) };
  return {
    auth: (base, authSeconds = defaultLimits.authSeconds) => questions.auth(base, authSeconds),
    hooks: (application = {}) => joinHooks(application, own),
    async start() {
      await events?.start();
    },
    async close(drainMs) {
      questions.close();
      await events?.close(Math.min(longestEnd, Math.max(shortestEnd, drainMs / 10)));
      poster.close();
    },
  };
}

/** A name is looked up for each connection; an address can be refused before the first. */
function refuseAddress(addresses: AddressRules, url: URL): void {
  const { host, isAddress } = hostOf(url);
  if (isAddress && !addresses.allows(host, host)) {
    throw new TypeError(`webhooks: ${new AddressRefused(host).message}`);
  }
}

type Ear = (event: unknown) => MaybePromise<void>;

/** Ours first: they never throw, and what the application's throw is not ours to hide. */
function joinHooks(application: Hooks, { authorize: ask, ...ears }: Hooks): Hooks {
  const joined = Object.entries(ears).map(([name, ear]) => {
    const other = application[name as keyof Hooks] as Ear | undefined;
    const both: Ear = (event) => {
      void (ear as Ear)(event);
      return other?.(event);
    };
    return [name, both];
  });
  const { authorize } = application;
  const either =
    ask === undefined || authorize === undefined
      ? (ask ?? authorize)
      : // The near one first: what it denies need not be asked far away.
        async (request: Parameters<typeof authorize>[0]): Promise<boolean> =>
          (await authorize(request)) === true && (await ask(request)) === true;
  return {
    ...application,
    ...Object.fromEntries(joined),
    ...(either === undefined ? {} : { authorize: either }),
  };
}
