import type { FrameId, Since } from '@thrum/protocol';
import { ThrumError } from '../errors.ts';
import type { Parts } from '../parts.ts';
import type { LogPage } from '../ports/broker.ts';
import { firstOf, merge, type Start } from './merge.ts';
import type { Entered } from './hub.ts';

/** A log that moves away under this many readings in a row is not readable now. */
const maxReadings = 5;

/** What a subscription asks for when it joins. */
export interface JoinRequest {
  readonly since: Since | undefined;
  readonly id?: FrameId | undefined;
  /** The position in `since` is the server's choice: nothing is recovered. */
  readonly isFresh?: boolean;
  /** It goes on after a pause: an answer is sent only if something may be missing. */
  readonly resumes?: boolean;
}

/**
 * Brings a subscription from `since` to the live stream: the answer, what was missed, then live, without a hole and
 * without a duplicate (PROTOCOL.md §6, §14). The subscription is in the hub already and buffers. Resolves with false,
 * and without an answer, when it ended meanwhile.
 * @throws ThrumError `unavailable` when the log cannot be read.
 */
export async function join(parts: Parts, entered: Entered, request: JoinRequest): Promise<boolean> {
  const { channel, subscription } = entered;
  await channel.ready;
  if (channel.rules.retention === undefined) {
    if (!subscription.current) return false;
    answer(entered, undefined, request);
    if (subscription.current) channel.promote(subscription, undefined);
    return true;
  }
  for (let reading = 0; reading < maxReadings; reading += 1) {
    const page = await read(parts, entered, request.since);
    if (!subscription.current) return false;
    if (begin(parts, entered, page, request)) return true;
    // The log is ahead of what this node has delivered, or of another epoch: the live ones must catch up first. What
    // they get is buffered here too, and may be all that was wanting.
    await channel.heal();
    if (!subscription.current) return false;
    if (begin(parts, entered, page, request)) return true;
    subscription.buffer = [];
  }
  throw new ThrumError('unavailable');
}

/** Goes live if what was read, with what was buffered, ends where the live subscriptions stand. */
function begin(
  { env, limits, metrics }: Parts,
  entered: Entered,
  page: LogPage,
  request: JoinRequest,
): boolean {
  const { since, resumes = false, isFresh = false } = request;
  const { channel, subscription } = entered;
  const { acks } = subscription;
  const whole = merge(page, subscription.buffer ?? [], since, limits.historyPage, acks?.room);
  if (whole === undefined) return false;
  const { recent } = channel.log;
  const start = acks === undefined ? whole : firstOf(whole, acks.fitting(recent.frames(whole.publications)));
  const position = { epoch: page.epoch, offset: start.offset };
  if (start.partial !== true && !channel.isAt(position.epoch, position.offset)) return false;
  if (resumes) metrics.resets += start.recovered ? 0 : 1;
  else if (typeof since === 'object' && 'epoch' in since && !isFresh) {
    if (start.recovered) metrics.recovered += 1;
    else metrics.unrecovered += 1;
  }
  const { connection } = subscription;
  if (!resumes || !start.recovered) {
    // What waits of the log comes again, or lies before the place where the stream begins anew.
    connection.rewind(subscription);
    answer(entered, start, request);
  }
  acks?.begin(start.position);
  const { publications } = start;
  const frames = recent.frames(publications);
  const sent = connection.replay(frames, subscription);
  // The first part and not the last: who asks again from there gets further each time.
  if (sent < publications.length) connection.miss(subscription, publications.length - sent);
  const dueAt = env.monotonic() + limits.redeliverySeconds * 1000;
  if (acks !== undefined) {
    for (const [index, publication] of publications.entries())
      acks.sent(publication, frames.frames[index]?.byteLength ?? 0, dueAt);
  }
  // So much at once may have been more than the connection could take.
  if (!subscription.current) return true;
  if (start.partial === true) channel.pause(subscription, position);
  else channel.promote(subscription, position);
  return true;
}

function answer(
  { channel, subscription }: Entered,
  start: Start | undefined,
  { id, isFresh = false }: JoinRequest,
): void {
  subscription.connection.send({
    type: 'subscribed',
    channel: channel.name,
    ...(start === undefined ? {} : { position: start.position }),
    recovered: start?.recovered === true && !isFresh,
    ...subscription.granted,
    ...(id === undefined ? {} : { id }),
  });
}

/** What follows a position, or the newest few, oldest first either way. */
function read(
  { limits }: Parts,
  { channel: { log }, subscription: { acks } }: Entered,
  since: Since | undefined,
): Promise<LogPage> {
  const { historyPage } = limits;
  if (since === undefined) return log.head();
  if (typeof since === 'object' && 'epoch' in since)
    return log.after(since, Math.min(historyPage, acks?.room ?? historyPage));
  return log.newest(since === 'latest' ? 1 : Math.min(since.last, historyPage));
}
