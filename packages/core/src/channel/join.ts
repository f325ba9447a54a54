import { type FrameId, type Since, toPublicationFrame } from '@thrum/protocol';
import { ThrumError } from '../errors.ts';
import { SharedFrame } from '../connection/encode.ts';
import type { Parts } from '../parts.ts';
import type { LogPage } from '../ports/broker.ts';
import { merge, type Start } from './merge.ts';
import type { Entered } from './hub.ts';

/** A log that moves away under this many readings in a row is not readable now. */
const maxReadings = 5;

/**
 * Brings a subscription from `since` to the live stream: the answer, what was missed, then live, without a hole and
 * without a duplicate (PROTOCOL.md §6, §14). The subscription is in the hub already and buffers. Resolves with false,
 * and without an answer, when it ended meanwhile.
 * @throws ThrumError `unavailable` when the log cannot be read.
 */
export async function join(
  parts: Parts,
  entered: Entered,
  since: Since | undefined,
  id: FrameId | undefined,
): Promise<boolean> {
  const { channel, subscription } = entered;
  await channel.ready;
  if (channel.rules.retention === undefined) {
    if (!subscription.current) return false;
    answer(entered, undefined, id);
    if (subscription.current) channel.promote(subscription, undefined);
    return true;
  }
  for (let reading = 0; reading < maxReadings; reading += 1) {
    const page = await read(parts, channel.name, since);
    if (!subscription.current) return false;
    if (begin(parts, entered, { page, since }, id)) return true;
    // The log is ahead of what this node has delivered, or of another epoch: the live ones must catch up first. What
    // they get is buffered here too, and may be all that was wanting.
    await channel.heal();
    if (!subscription.current) return false;
    if (begin(parts, entered, { page, since }, id)) return true;
    subscription.buffer = [];
  }
  throw new ThrumError('unavailable');
}

/** Goes live if what was read, with what was buffered, ends where the live subscriptions stand. */
function begin(
  { env, limits, metrics }: Parts,
  entered: Entered,
  { page, since }: { readonly page: LogPage; readonly since: Since | undefined },
  id: FrameId | undefined,
): boolean {
  const { channel, subscription } = entered;
  const start = merge(page, subscription.buffer ?? [], since, limits.historyPage);
  if (start === undefined || !channel.isAt(page.epoch, start.offset)) return false;
  if (typeof since === 'object' && 'epoch' in since) {
    if (start.recovered) metrics.recovered += 1;
    else metrics.unrecovered += 1;
  }
  const { connection } = subscription;
  // What waits of the log comes again, or lies before the place where the stream begins anew.
  connection.rewind(subscription);
  answer(entered, start, id);
  const dueAt = env.monotonic() + limits.redeliverySeconds * 1000;
  for (const [index, publication] of start.publications.entries()) {
    if (!connection.replay(new SharedFrame(toPublicationFrame(publication)), subscription)) {
      // The first part and not the last: who asks again from there gets further each time.
      connection.miss(subscription, start.publications.length - index);
      break;
    }
    subscription.acks?.sent(publication, dueAt);
  }
  // So much at once may have been more than the connection could take.
  if (subscription.current) channel.promote(subscription, { epoch: page.epoch, offset: start.offset });
  return true;
}

function answer({ channel, subscription }: Entered, start: Start | undefined, id: FrameId | undefined): void {
  subscription.connection.send({
    type: 'subscribed',
    channel: channel.name,
    ...(start === undefined ? {} : { position: start.position }),
    recovered: start?.recovered ?? false,
    ...(id === undefined ? {} : { id }),
  });
}

/** What follows a position, or the newest few, oldest first either way. */
async function read({ broker, limits }: Parts, channel: string, since: Since | undefined): Promise<LogPage> {
  const { historyPage } = limits;
  if (since === undefined) return broker.read(channel, { limit: 0 });
  if (typeof since === 'object' && 'epoch' in since)
    return broker.read(channel, { since, limit: historyPage });
  const limit = since === 'latest' ? 1 : Math.min(since.last, historyPage);
  const page = await broker.read(channel, { limit, reverse: true });
  return { ...page, publications: page.publications.toReversed() };
}
