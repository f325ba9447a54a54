import type { Draft, LogPage, PublishOutcome, ReadOptions } from '@thrum/core';
import type { Position, Publication } from '@thrum/protocol';
import { placed } from '../placed.ts';
import type { ChannelKeys } from './keys.ts';
import type { Item } from './publish-queue.ts';
import { type Life, lives } from './scripts.ts';

// What goes into the scripts and what comes out of them.

/** Told instead of a publication when a channel begins a new epoch, so that subscribers look at the log at once. */
const begunAnew = '!';

/** What every script is given. */
export interface Common {
  /** An epoch, in case one is needed: the same script must do the same on a replica, so it has no randomness. */
  readonly fresh: string;
  readonly keepMs: number;
  readonly known: Position | undefined;
  readonly send: string;
}

export interface Call {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

export function publishCall(keys: ChannelKeys, common: Common, items: readonly Item[]): Call {
  const names: string[] = [];
  const numberOf = (key: string | undefined): number => (key === undefined ? 0 : names.push(keys.key(key)));
  const fields = items.flatMap(({ body, options: { retention, idempotency } }) => [
    body,
    retention?.size ?? 0,
    toTime(retention?.ttl ?? 0),
    numberOf(idempotency?.key),
    idempotency?.fingerprint ?? '',
    toTime(idempotency?.ttl ?? 0),
    numberOf(idempotency?.follows),
  ]);
  const args = [...commonArgs(common), items.length, ...fields].map(String);
  return { keys: [keys.meta, keys.log, keys.wakeup, ...names], args };
}

export function readCall(
  keys: ChannelKeys,
  common: Common,
  { since, limit, reverse = false }: ReadOptions,
  more: { readonly trusts: boolean; readonly ended: string; readonly unusedMs: number },
): Call {
  const args = [
    ...commonArgs(common),
    more.trusts ? 1 : 0,
    more.ended,
    since?.offset ?? -1,
    limit,
    reverse ? 1 : 0,
    more.unusedMs,
  ].map(String);
  return { keys: [keys.meta, keys.log, keys.wakeup], args };
}

export function toOutcomes(reply: unknown): { readonly life: Life; readonly outcomes: PublishOutcome[] } {
  const [life, replies] = reply as [number, string[]];
  return { life: lives[life] ?? 'same', outcomes: replies.map(toOutcome) };
}

export function toPage(channel: string, reply: unknown): { readonly life: Life; readonly page: LogPage } {
  const [life, epoch, top, oldest, entries] = reply as [
    number,
    string,
    string,
    string,
    [string, [string, string]][],
  ];
  const publications = entries.map(([id, [, body]]) =>
    placed(toDraft(channel, body), { epoch, offset: Number.parseInt(id, 10) }),
  );
  const page = { epoch, offset: Number(top), oldest: Number(oldest), publications };
  return { life: lives[life] ?? 'same', page };
}

/** What was heard; undefined when a channel began anew. @throws SyntaxError for what no broker of ours has sent. */
export function toPublication(channel: string, message: string): Publication | undefined {
  if (message === begunAnew) return undefined;
  const end = message.indexOf('|');
  const position = toPosition(message.slice(0, Math.max(0, end)));
  const draft = toDraft(channel, message.slice(end + 1));
  return position === undefined ? draft : placed(draft, position);
}

function commonArgs({ fresh, keepMs, known, send }: Common): readonly (string | number)[] {
  return [fresh, keepMs, known?.epoch ?? '', known?.offset ?? 0, send];
}

function toOutcome(reply: string): PublishOutcome {
  if (reply === 'c') return { kind: 'conflict' };
  if (reply === 'o') return { kind: 'out-of-order' };
  const position = toPosition(reply.slice(1));
  const kind = reply.startsWith('p') ? 'published' : 'duplicate';
  return { kind, ...(position === undefined ? {} : { position }) };
}

function toPosition(place: string): Position | undefined {
  const [epoch, offset] = place.split(':');
  return epoch === undefined || offset === undefined ? undefined : { epoch, offset: Number(offset) };
}

function toDraft(channel: string, body: string): Draft {
  const { event, data, id, from, timestamp } = JSON.parse(body) as Omit<Draft, 'channel'>;
  const optional = { ...(id === undefined ? {} : { id }), ...(from === undefined ? {} : { from }) };
  return { channel, event, data, ...optional, timestamp };
}

/** Redis counts whole milliseconds, and refuses 0. */
function toTime(ms: number): number {
  return Math.max(1, Math.ceil(ms));
}
