import { type Line, linesOf } from './history.ts';
import { faults } from './world/faults.ts';

/** What the simulated parts report by themselves, beside the faults that are struck. */
const happenings = [
  'publish-failure',
  'publish-unknown',
  'read-failure',
  'subscribe-failure',
  'notification-lost',
  'notification-twice',
  'close-lost',
  'log-crash',
  'dead-letter',
  'server-subscribes',
  'deploy',
];

type Situation = (history: readonly Line[]) => boolean;

const status =
  (type: string): Situation =>
  (history) =>
    history.some((line) => line.k === 'status' && line.type === type);
const code =
  (name: string): Situation =>
  (history) =>
    history.some((line) => line.k === 'settled' && line.code === name);
const refused =
  (name: string): Situation =>
  (history) =>
    history.some((line) => line.k === 'refused' && line.code === name);
const gone =
  (number: number): Situation =>
  (history) =>
    history.some((line) => line.k === 'gone' && line.code === number);
const metric =
  (name: string): Situation =>
  (history) =>
    history.some((line) => line.k === 'metrics' && (line.metrics[name] ?? 0) > 0);

/** Situations that a run of many seeds must meet, or its silence about them proves nothing. */
const situations: Readonly<Record<string, Situation>> = {
  'a client recovered': metric('recovered'),
  'a client recovered across a crash': acrossCrash,
  'a recovery was refused': metric('unrecovered'),
  'what others had been sent was shared': metric('pagesShared'),
  'a hole was healed': metric('healed'),
  'live subscribers were reset': metric('resets'),
  'the SDK saw a hole and asked again': askedAgain,
  'a duplicate was acknowledged': (history) =>
    history.some((line) => line.k === 'settled' && line.duplicate === true),
  'a publish was sent again': sentAgain,
  'a publish expired': code('expired'),
  'a publish was dropped for a newer one': code('queue_full'),
  'a publish was refused for one that was missing before it': refused('out_of_order'),
  'a publish conflicted with its own id': code('id_conflict'),
  'a publish was denied': code('access_denied'),
  'a publish without a queue was cut off': code('disconnected'),
  'a value gave way to a newer one': metric('conflated'),
  'a subscriber was granted a rate': (history) =>
    history.some((line) => line.k === 'answered' && line.maxRate !== undefined),
  'a redelivery happened': metric('redelivered'),
  'a slow consumer was closed': gone(4008),
  'the server gave up a silent connection': gone(4000),
  'a client gave up a silent connection': (history) =>
    history.some((line) => line.k === 'state' && line.code === 4000),
  'a session expired': refused('session_expired'),
  'a token was refused': refused('invalid_token'),
  'tokens could not be verified': refused('unavailable'),
  'a client ran into the rate limit': refused('rate_limited'),
  'a subscription was denied': refused('access_denied'),
  'a subscription was ended by the server': (history) =>
    history.some((line) => line.k === 'left' && line.code === 'access_denied'),
  'a channel was unavailable': (history) =>
    history.some((line) => line.k === 'left' && line.code === 'unavailable'),
  'the server announced a subscription': (history) =>
    history.some((line) => line.k === 'answered' && line.id === undefined && !line.recovered),
  'a stream was reset': status('reset'),
  'a drain told its clients': (history) => history.some((line) => line.k === 'told'),
  'a drain was over in time': (history) => history.some((line) => line.k === 'drained' && line.left === 0),
  'a client was refused for good and came back': (history) =>
    history.some((line) => line.k === 'state' && line.state === 'failed'),
  'a page of history had more': (history) => history.some((line) => line.k === 'page' && line.more),
  'a page of history had a gap before it': (history) =>
    history.some((line) => line.k === 'page' && !line.recovered && line.items.length > 0),
  'a page was asked for from another log': (history) =>
    history.some(
      (line) => line.k === 'page' && line.since !== undefined && line.since.epoch !== line.at?.epoch,
    ),
  'an outbox filled': (history) =>
    history.some((line) => line.k === 'queues' && line.what === 'outbox' && line.size > 65_536),
  'a member joined': (history) => history.some((line) => line.k === 'members' && line.change === 'joined'),
  'a member left': (history) => history.some((line) => line.k === 'members' && line.change === 'left'),
  'several nodes served one channel': (history) => linesOf(history, 'world').some(({ nodes }) => nodes > 1),
  'a last wake-up was lost': lastWakeUpLost,
};

/** Every counter there is; all must be above 0 after 500 seeds. */
export const sometimes: readonly string[] = [
  ...Object.keys(faults).map((name) => `fault: ${name}`),
  ...happenings.map((name) => `met: ${name}`),
  ...Object.keys(situations),
];

/** Which of them this run met. */
export function met(history: readonly Line[]): string[] {
  const names = new Set<string>();
  for (const { fault } of linesOf(history, 'fault'))
    names.add(faults[fault] === undefined ? `met: ${fault}` : `fault: ${fault}`);
  for (const [name, situation] of Object.entries(situations)) if (situation(history)) names.add(name);
  return [...names];
}

function acrossCrash(history: readonly Line[]): boolean {
  const crash = history.findIndex((line) => line.k === 'fault' && line.fault === 'node-crash');
  if (crash < 0) return false;
  const before = new Set(history.slice(0, crash).flatMap((line) => (line.k === 'status' ? [line.s] : [])));
  return history
    .slice(crash)
    .some((line) => line.k === 'status' && line.type === 'recovered' && before.has(line.s));
}

/** On one connection, a second time for one channel and from a position. */
function askedAgain(history: readonly Line[]): boolean {
  const asked = new Set<string>();
  for (const { conn, channel, since } of linesOf(history, 'asked')) {
    const key = `${conn} ${channel}`;
    if (asked.has(key) && since !== undefined) return true;
    asked.add(key);
  }
  return false;
}

function sentAgain(history: readonly Line[]): boolean {
  const ids = new Set<string>();
  return linesOf(history, 'received').some(({ id }) => ids.size === ids.add(id).size);
}

/** Nothing follows it in its channel that would show the hole. */
function lastWakeUpLost(history: readonly Line[]): boolean {
  const lastAppend = new Map<string, number>();
  for (const [at, line] of history.entries())
    if (line.k === 'append' && line.at !== undefined) lastAppend.set(line.channel, at);
  return history.some(
    (line, at) =>
      line.k === 'fault' &&
      line.fault === 'notification-lost' &&
      at >= (lastAppend.get(line.on ?? '') ?? Infinity),
  );
}
