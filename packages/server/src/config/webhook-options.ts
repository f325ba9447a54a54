import { allowPrivateProblem, loopback } from '../webhooks/addresses.ts';
import { webhookDefaults, type WebhookOptions, webhookUrlProblem } from '../webhooks/options.ts';
import {
  type WebhookEventType,
  webhookEventTypes,
  type WebhookQuestion,
  webhookQuestions,
} from '../webhooks/payloads.ts';
import { webhookSecretProblem } from '../webhooks/signature.ts';
import { integer, type Option, seconds, text, texts } from './option.ts';

const day = 86_400;

function url(otherwise: string, help: string): Option<string> {
  return text(
    'an http or https URL without user and password',
    (value) => webhookUrlProblem(value) === undefined,
    { otherwise, help },
  );
}

function count(key: keyof typeof webhookDefaults, max: number, unit: string, help: string): Option<number> {
  return integer(1, max, { default: webhookDefaults[key], unit, help });
}

function time(key: keyof typeof webhookDefaults, min: number, max: number, help: string): Option<number> {
  return seconds(min, max, { default: webhookDefaults[key], unit: 'seconds', help });
}

type About<T> = Pick<Option<T>, 'help' | 'default' | 'otherwise'>;

/** A list of some of these names. */
function some<T extends string>(names: readonly T[], about: About<readonly T[]>): Option<readonly T[]> {
  const isKnown = (name: string): boolean => names.some((known) => known === name);
  // What `isKnown` lets through is a T.
  return texts(
    `some of ${names.join(', ')}`,
    isKnown,
    about as About<readonly string[]>,
  ) as unknown as Option<readonly T[]>;
}

/** Webhooks to a backend (docs/webhooks.md). In a file they are fields of `webhooks`. */
export const webhookOptions: {
  readonly [Key in keyof WebhookOptions]-?: Option<NonNullable<WebhookOptions[Key]>>;
} = {
  url: url('none', 'Where the backend is asked what ask lists and told what events lists.'),
  connectUrl: url(
    'url, if ask lists connect',
    'Where it is asked who may connect, in place of checking tokens here.',
  ),
  validateUrl: url(
    'url, if ask lists validate',
    'Where it is asked every validateSeconds whether a session is still good.',
  ),
  subscribeUrl: url('url, if ask lists subscribe', 'Where it is asked who may read a channel.'),
  publishUrl: url('url, if ask lists publish', 'Where it is asked who may publish to a channel.'),
  eventsUrl: url('url, if events are listed', 'Where it is told what happens.'),
  ask: some<WebhookQuestion>(webhookQuestions, {
    default: [],
    help: 'What is asked at url: connect, validate, subscribe, publish.',
  }),
  events: some<WebhookEventType>(webhookEventTypes, {
    otherwise: 'channel.* and user.* with eventsUrl, else none',
    help: 'What is told: channel.occupied, channel.vacated, user.online, user.offline, connection.opened, connection.closed, member.joined, member.left.',
  }),
  secrets: texts(
    'whsec_ and 24 to 64 bytes in base64',
    (secret) => webhookSecretProblem(secret) === undefined,
    {
      secret: true,
      default: [],
      help: 'Secrets that requests are signed with; two while one is replaced by the other.',
    },
  ),
  allowPrivate: texts(
    'host names, addresses or ranges such as 10.0.0.0/8',
    (entry) => allowPrivateProblem(entry) === undefined,
    {
      default: (mode) => (mode === 'development' ? loopback : []),
      help: 'Hosts and ranges that may be called although their addresses are private.',
    },
  ),
  timeoutSeconds: time('timeoutSeconds', 0.1, 60, 'Time for one request in all.'),
  replyBytes: count('replyBytes', 1_048_576, 'bytes', 'Largest reply.'),
  concurrency: count('concurrency', 10_000, 'requests', 'Most questions under way at once, for each URL.'),
  queue: count('queue', 1_000_000, 'questions', 'Most questions that wait for their turn, for each URL.'),
  cacheSeconds: time(
    'cacheSeconds',
    0,
    3600,
    'Longest time that an answer with ttl is remembered; 0 remembers none.',
  ),
  cacheEntries: count('cacheEntries', 1_000_000, 'answers', 'Most answers that are remembered.'),
  breakerFailures: count(
    'breakerFailures',
    1000,
    'failures',
    'Requests in a row without an answer after which a URL is left alone.',
  ),
  breakerSeconds: time('breakerSeconds', 0.1, 600, 'Time it is left alone.'),
  batchEvents: count('batchEvents', 1000, 'events', 'Most events of one request.'),
  batchSeconds: time('batchSeconds', 0, 60, 'Time that events wait for others.'),
  graceSeconds: time('graceSeconds', 0, 600, 'Time in which a user or channel that is back was never away.'),
  pendingEvents: count(
    'pendingEvents',
    100_000,
    'events',
    'Most events that wait for delivery; the oldest give way.',
  ),
  retrySeconds: time('retrySeconds', 1, 30 * day, 'Time for which delivery is tried.'),
};
