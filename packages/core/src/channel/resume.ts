import type { Parts } from '../parts.ts';
import type { Hub } from './hub.ts';
import { join } from './join.ts';
import type { LiveChannel } from './live-channel.ts';
import type { Subscription } from './subscription.ts';

/**
 * Lets a subscription that has paused go on from the log, if its window is open. What fails is tried again with the next
 * confirmation, or the next turn of the wheel.
 */
export function resume(parts: Parts, hub: Hub, subscription: Subscription): void {
  if (!mayGoOn(subscription) || subscription.joining !== undefined) return;
  const channel = hub.channels.get(subscription.channel);
  if (channel === undefined) return;
  subscription.joining = goOn(parts, channel, subscription)
    .catch((error: unknown) =>
      parts.log.warn('a paused stream could not go on; trying again', { channel: channel.name }, error),
    )
    .finally(() => (subscription.joining = undefined));
}

async function goOn(parts: Parts, channel: LiveChannel, subscription: Subscription): Promise<void> {
  while (mayGoOn(subscription)) {
    const since = subscription.paused;
    channel.enter(subscription);
    try {
      await join(parts, { channel, subscription }, { since, resumes: true });
    } catch (error) {
      if (subscription.current && since !== undefined) channel.pause(subscription, since);
      throw error;
    }
  }
}

function mayGoOn({ paused, acks, current }: Subscription): boolean {
  return current && paused !== undefined && acks?.isOpen !== false;
}
