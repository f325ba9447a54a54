import { type FrameId, type Since, toPublicationFrame } from '@thrum/protocol';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import type { LogPage } from '../ports/broker.ts';
import { merge, type Start } from './merge.ts';
import type { Subscription } from './subscription.ts';

/** A log that moves away under this many readings in a row is not readable now. */
const maxReadings = 5;

/**
 * Brings a subscription from `since` to the live stream: the answer, what was missed, then live, without a hole and
 * without a duplicate (PROTOCOL.md §6, §14). The subscription is in the hub already and buffers.
 * @throws ThrumError `unavailable` when the log cannot be read.
 */
export async function join(
  node: Node,
  subscription: Subscription,
  since: Since | undefined,
  id: FrameId | undefined,
): Promise<void> {
  const { channel } = subscription;
  await channel.ready;
  if (channel.rules.retention === undefined) {
    if (!subscription.current) return;
    answer(subscription, undefined, id);
    channel.promote(subscription, undefined);
    return;
  }
  for (let reading = 0; reading < maxReadings; reading += 1) {
    const page = await read(node, channel.name, since);
    if (!subscription.current) return;
    const start = merge(page, subscription.buffer ?? [], since, node.limits.historyPage);
    if (start !== undefined && channel.isAt(page.epoch, start.offset)) {
      begin(node, subscription, { page, start, since }, id);
      return;
    }
    // The log is ahead of what this node has delivered, or of another epoch: the live ones must catch up first.
    await channel.heal();
    if (!subscription.current) return;
    subscription.buffer = [];
  }
  throw new ThrumError('unavailable');
}

function begin(
  node: Node,
  subscription: Subscription,
  {
    page,
    start,
    since,
  }: { readonly page: LogPage; readonly start: Start; readonly since: Since | undefined },
  id: FrameId | undefined,
): void {
  if (typeof since === 'object' && 'epoch' in since) {
    if (start.recovered) node.metrics.recovered += 1;
    else node.metrics.unrecovered += 1;
  }
  answer(subscription, start, id);
  const dueAt = node.env.monotonic() + node.limits.redeliverySeconds * 1000;
  for (const publication of start.publications) {
    subscription.connection.send(toPublicationFrame(publication));
    subscription.acks?.sent(publication, dueAt);
  }
  subscription.channel.promote(subscription, { epoch: page.epoch, offset: start.offset });
}

function answer(subscription: Subscription, start: Start | undefined, id: FrameId | undefined): void {
  subscription.connection.send({
    type: 'subscribed',
    channel: subscription.channel.name,
    ...(start === undefined ? {} : { position: start.position }),
    recovered: start?.recovered ?? false,
    ...(id === undefined ? {} : { id }),
  });
}

/** What follows a position, or the newest few, oldest first either way. */
async function read(node: Node, channel: string, since: Since | undefined): Promise<LogPage> {
  const { historyPage } = node.limits;
  if (since === undefined) return node.broker.read(channel, { limit: 0 });
  if (typeof since === 'object' && 'epoch' in since) return node.broker.read(channel, { since, limit: historyPage });
  const limit = since === 'latest' ? 1 : Math.min(since.last, historyPage);
  const page = await node.broker.read(channel, { limit, reverse: true });
  return { ...page, publications: page.publications.toReversed() };
}
