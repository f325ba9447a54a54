import { existsSync, readFileSync } from 'node:fs';
import type { Happening, Line } from '@thrum/sim/history';
import { keptChannels } from '../channels.ts';
import type { KeptRow } from '../disk/log-on-disk.ts';
import type { JournalLine, Standings } from '../server/calls.ts';

/** What the logs were seen to be at one moment. */
export interface Sighting {
  readonly t: number;
  readonly standings: Standings;
  /** By a server that had just started, and was alone with its disk. */
  readonly isStart: boolean;
}

/** A row of the log, and when it was first found on the disk. */
export type FoundRow = KeptRow & { readonly t: number };

/** What is known of the logs, from all who looked. */
export interface Evidence {
  readonly journal: readonly JournalLine[];
  readonly sightings: readonly Sighting[];
  /** What the disk held, whenever it was looked at. */
  readonly rows: readonly FoundRow[];
  /** When each value was first published, by channel and value. */
  readonly published: ReadonlyMap<string, number>;
  /** When each was delivered to somebody, the same way. */
  readonly heard: ReadonlyMap<string, readonly number[]>;
}

export function readJournal(file: string, since: (clock: number) => number): JournalLine[] {
  if (!existsSync(file)) return [];
  // The last line may have been cut by a kill.
  const texts = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return texts.map((text) => {
    const line = JSON.parse(text) as JournalLine;
    return { ...line, t: since(line.t) };
  });
}

/**
 * The lives and the appends of all logs as lines of history. An append counts when the *disk* had it at a time when it
 * was looked at; what the server said of it gives no more than the moment. Of an ephemeral channel the disk has the
 * idempotency key alone, and where the server lived on, its word is as good.
 */
export function logLines(evidence: Evidence): Line[] {
  const { journal, rows } = evidence;
  const own = <T extends { readonly channel: string }>(all: readonly T[], channel: string): T[] =>
    all.filter((each) => each.channel === channel);
  const evidenceOf = (channel: string): Evidence => ({
    ...evidence,
    journal: own(journal, channel),
    rows: own(rows, channel),
  });
  const ephemeral = new Set(
    [...journal, ...rows].map(({ channel }) => channel).filter((channel) => !keptChannels.includes(channel)),
  );
  return [
    ...keptChannels.flatMap((channel) => {
      const own = evidenceOf(channel);
      const lives = livesOf(channel, own);
      return [...lives, ...appendsOf(channel, lives, own)];
    }),
    ...[...ephemeral].flatMap((channel) => placelessOf(channel, evidenceOf(channel))),
  ];
}

type LogLine = Extract<Line, { readonly k: 'log' }>;

interface Glimpse {
  readonly t: number;
  readonly epoch: string;
  /** The offset that this life took over, as far as this glimpse tells. */
  readonly carried: number;
  readonly isStart: boolean;
}

function livesOf(channel: string, { journal, sightings, rows }: Evidence): LogLine[] {
  const glimpses: Glimpse[] = [];
  for (const { t, standings, isStart } of sightings) {
    const standing = standings[channel];
    if (standing !== undefined)
      glimpses.push({ t, epoch: standing.epoch, carried: standing.offset, isStart });
  }
  for (const { t, epoch, offset } of [...journal, ...rows])
    if (epoch != null && offset != null) glimpses.push({ t, epoch, carried: offset - 1, isStart: false });
  glimpses.sort((a, b) => a.t - b.t);
  const lives: LogLine[] = [];
  const known = new Set<string>();
  for (const { t, epoch, carried, isStart } of glimpses) {
    if (epoch === lives.at(-1)?.epoch) continue;
    // News of an earlier life that were under way; a server that starts has none.
    if (known.has(epoch) && !isStart) continue;
    known.add(epoch);
    lives.push({ t, k: 'log', epoch, why: lives.length === 0 ? 'start' : 'found', channel, carried });
  }
  return lives;
}

function appendsOf(
  channel: string,
  lives: readonly LogLine[],
  { journal, sightings, rows, published }: Evidence,
): Line[] {
  const said = new Map(journal.map((line) => [`${line.epoch} ${line.offset} ${line.v}`, line.t]));
  const order = new Map(lives.map(({ epoch }, index) => [epoch, index]));
  const ordered = rows.toSorted(
    (a, b) =>
      (order.get(a.epoch ?? '') ?? 0) - (order.get(b.epoch ?? '') ?? 0) ||
      (a.offset ?? 0) - (b.offset ?? 0) ||
      a.t - b.t,
  );
  const starts = sightings
    .filter(({ isStart }) => isStart)
    .map(({ t, standings }) => ({ t, ...standings[channel] }));
  /** When the last server started that did not have it yet. */
  const notBefore = (epoch: string | null, place: number | null): number =>
    Math.max(
      0,
      ...starts
        .filter((start) => start.epoch === epoch && (start.offset ?? 0) < (place ?? 0))
        .map(({ t }) => t),
    );
  let last = 0;
  return ordered.map(({ epoch, offset, v, from }) => {
    const begun = lives[order.get(epoch ?? '') ?? 0]?.t ?? 0;
    // Killed before it could say so: then it was right after the one before it.
    const moment =
      said.get(`${epoch} ${offset} ${v}`) ??
      Math.max(published.get(`${channel} ${v}`) ?? 0, notBefore(epoch, offset));
    last = Math.max(last, begun, moment);
    const at = epoch === null || offset === null ? undefined : { epoch, offset };
    return { t: last, ...append(channel, v, from ?? undefined, at) };
  });
}

/**
 * Without places, each look at a key on the disk and each word of the server stands for one append, unless the word came
 * first. It happened before the first who heard of it.
 */
function placelessOf(channel: string, { journal, rows, published, heard }: Evidence): Line[] {
  const said = Map.groupBy(journal, ({ v }) => v);
  const kept = rows.filter(({ v, t }) => said.get(v)?.some((line) => line.t <= t) !== true);
  const placed: Placed[] = [];
  const unseen: (Placed & { readonly by: number })[] = [];
  const last = new Map<string, number>();
  for (const { t: by, v, from } of [...journal, ...kept].sort((a, b) => a.t - b.t)) {
    const after = last.get(v) ?? 0;
    last.set(v, by);
    const first = heard.get(`${channel} ${v}`)?.find((t) => t > after && t <= by);
    const isSaid = said.get(v)?.some(({ t }) => t === by) === true;
    if (first !== undefined || isSaid) placed.push({ t: first ?? by, v, from });
    else unseen.push({ t: published.get(`${channel} ${v}`) ?? 0, v, from, by });
  }
  // When nobody noticed it: not before what its publisher had sent earlier.
  for (const { t, v, from, by } of unseen.sort((a, b) => countOf(a.v) - countOf(b.v))) {
    const elders = placed.filter((each) => isElder(each.v, v) && each.t <= by);
    placed.push({ t: Math.max(t, ...elders.map((each) => each.t)), v, from });
  }
  return placed.map(({ t, v, from }) => ({ t, ...append(channel, v, from ?? undefined) }));
}

interface Placed {
  readonly t: number;
  readonly v: string;
  readonly from?: string | null | undefined;
}

/** Whether the same life of a publisher sent the one before the other. */
function isElder(one: string, other: string): boolean {
  return one.split('#')[0] === other.split('#')[0] && countOf(one) < countOf(other);
}

function countOf(v: string): number {
  return Number(v.split('#')[1]);
}

function append(
  channel: string,
  v: string,
  from: string | undefined,
  at?: { readonly epoch: string; readonly offset: number },
): Happening {
  return {
    k: 'append',
    channel,
    v,
    ...(at === undefined ? {} : { at }),
    ...(from === undefined ? {} : { from }),
  };
}
