import type { IncomingMessage } from 'node:http';
import { channelNameError, leastRate, type Since } from '@thrum/protocol';
import { queryOf } from '../../http/credentials.ts';
import type { Problem } from '../../http/problem.ts';
import { decodeStreamId, fingerprintOf, type Positions } from './stream-id.ts';

/** What a request for a stream asks for. */
export interface StreamRequest {
  readonly channels: readonly string[];
  /** Where a channel begins that is not resumed. */
  readonly since: Since | undefined;
  /** Publications of each event and key a second, of each channel. */
  readonly maxRate: number | undefined;
  /** Where each channel is resumed; nowhere without a usable id. */
  readonly positions: Positions;
  /** There was an id, and it was of no use: something may be missing in every channel. */
  readonly isBroken: boolean;
}

/** Reads the URL and `Last-Event-ID` (PROTOCOL.md §16). */
export function readStreamRequest(
  { headers, url = '' }: IncomingMessage,
  defaults: readonly string[],
  maxChannels: number,
): StreamRequest | { readonly problem: Problem } {
  const query = queryOf(url);
  const named = [...query.getAll('channel'), ...query.getAll('channels').flatMap((list) => list.split(','))];
  const channels = [...new Set(query.has('channel') || query.has('channels') ? named : defaults)];
  if (channels.length === 0) return bad('channel: expected the name of a channel.');
  if (channels.length > maxChannels) return bad(`channel: expected at most ${maxChannels} channels.`);
  for (const channel of channels) {
    const problem = channelNameError(channel);
    if (problem !== undefined) return bad(`channel: expected the name of a channel; one ${problem}.`);
  }
  const since = readSince(query.get('since'));
  if (since === 'malformed') return bad('since: expected "latest" or a whole number from 1 on.');
  const maxRate = readRate(query.get('maxRate'));
  if (maxRate === 'malformed') return bad(`maxRate: expected a number from ${leastRate} on.`);
  const asked = { channels, since, maxRate };
  const id = headers['last-event-id'] ?? query.get('lastEventId') ?? '';
  // An EventSource that has seen no id sends none, and some send an empty one.
  if (id === '' || Array.isArray(id)) return { ...asked, positions: nowhere(channels), isBroken: id !== '' };
  const positions = decodeStreamId(id, fingerprintOf(channels), channels.length);
  return { ...asked, positions: positions ?? nowhere(channels), isBroken: positions === undefined };
}

function readSince(text: string | null): Since | undefined | 'malformed' {
  if (text === null || text === '') return undefined;
  if (text === 'latest') return 'latest';
  const last = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return last > 0 ? { last } : 'malformed';
}

function readRate(text: string | null): number | undefined | 'malformed' {
  if (text === null || text === '') return undefined;
  const rate = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  return rate >= leastRate ? rate : 'malformed';
}

function nowhere(channels: readonly string[]): Positions {
  return channels.map(() => undefined);
}

function bad(detail: string): { readonly problem: Problem } {
  return { problem: { status: 400, detail } };
}
