import { type Publication, toPublicationFrame } from '@thrum/protocol';
import { accessDenied } from '../auth/authorizer.ts';
import type { Node } from '../connection/node.ts';
import { ThrumError } from '../errors.ts';
import { notify } from '../notify.ts';
import { checkChannelName } from '../validate.ts';
import type { AckWindow, Unconfirmed } from './ack-window.ts';
import { renderTemplate } from './pattern.ts';
import { resume } from './resume.ts';
import type { Subscription } from './subscription.ts';

/** The event under which a dead letter is published. */
const deadLetterEvent = 'dead_letter';

/** Confirms with `confirm`, and lets a subscription that had paused go on. */
export function settle(
  node: Node,
  subscription: Subscription,
  confirm: (acks: AckWindow) => boolean,
): boolean {
  if (subscription.acks === undefined || !confirm(subscription.acks)) return false;
  resume(node, node.hub, subscription);
  return true;
}

/** Sends again what is due, and buries what was sent often enough (PROTOCOL.md §7). */
export function redeliver(node: Node, subscription: Subscription, now: number): void {
  const { acks, connection } = subscription;
  if (acks === undefined || acks.size === 0) return;
  const { limits, metrics } = node;
  const { again, dead } = acks.due(now, limits.redeliveries + 1, now + limits.redeliverySeconds * 1000);
  metrics.redelivered += again.length;
  for (const { publication } of again) connection.send(toPublicationFrame(publication));
  for (const entry of dead) {
    const buried = bury(node, subscription, entry);
    if (buried === undefined) settleDead(node, subscription, acks, entry);
    else {
      // Counted as confirmed only when the letter is kept: the cursor moves past nothing that is not.
      void buried.then((isKept) => isKept && settleDead(node, subscription, acks, entry));
    }
  }
}

function settleDead(node: Node, subscription: Subscription, acks: AckWindow, entry: Unconfirmed): void {
  const { connection, channel, cursor } = subscription;
  const { attempts, publication } = entry;
  acks.settle(entry);
  node.metrics.deadLetters += 1;
  if (connection.user !== undefined) {
    notify(node.log, 'deadLetter', node.hooks.deadLetter, {
      connectionId: connection.id,
      user: connection.user,
      channel,
      publication,
      ...(cursor === undefined ? {} : { name: cursor.name }),
      attempts,
    });
  }
  resume(node, node.hub, subscription);
}

/** Publishes a dead letter, if its channel has a place for them. Resolves with false when it has to be tried again. */
function bury(node: Node, subscription: Subscription, entry: Unconfirmed): Promise<boolean> | undefined {
  const { channel, rules, connection, cursor } = subscription;
  const userId = connection.user?.id;
  if (rules.deadLetter === undefined || userId === undefined) return undefined;
  const target = renderTemplate(rules.deadLetter, node.definitions(channel)?.params ?? {});
  const { publication, attempts } = entry;
  const data = {
    publication: toPublicationFrame(publication),
    userId,
    ...(cursor === undefined ? {} : { name: cursor.name }),
    attempts,
  };
  return publish(node, target, data, idOf(publication, userId, cursor?.name));
}

async function publish(node: Node, channel: string, data: object, id: string): Promise<boolean> {
  try {
    checkChannelName(channel);
    const match = node.definitions(channel);
    if (match === undefined) throw accessDenied('publish');
    // No schema and no depth: what is inside was checked when it was published, and lies deeper now than it may at first.
    const prepared = { channel, rules: match.rules, event: deadLetterEvent, data, sent: id };
    await node.publisher.append(prepared, { id });
    return true;
  } catch (error) {
    const { code } = ThrumError.from(error);
    const isOver = code !== 'unavailable' && code !== 'internal';
    node.log.error(
      'a dead letter could not be published',
      { channel, given: isOver ? 'up' : 'later' },
      error,
    );
    return isOver;
  }
}

/** A crash between the letter and the cursor brings the publication, and then its letter, again: under the same id. */
function idOf({ channel, epoch, offset }: Publication, userId: string, name = ''): string {
  return JSON.stringify([channel, epoch, offset, userId, name]);
}
