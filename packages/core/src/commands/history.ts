import { type HistoryFrame, type HistoryResult, toPublicationFrame } from '@thrum/protocol';
import type { Rules } from '../channel/definitions.ts';
import type { Connection } from '../connection/connection.ts';
import type { Node } from '../connection/node.ts';
import type { HistoryQuery } from '../core-api.ts';
import { unavailable } from '../errors.ts';
import { idOf, userOf } from './reply.ts';

/** A page of a channel's log (PROTOCOL.md §2). */
export async function history(node: Node, connection: Connection, frame: HistoryFrame): Promise<void> {
  const user = userOf(connection);
  const { rules } = await node.authorizer.require({ user, action: 'history', channel: frame.channel });
  const page = await readHistory(node, frame.channel, rules, frame);
  // On the wire a publication has one spelling, live or kept.
  const data = { ...page, publications: page.publications.map(toPublicationFrame) };
  connection.send({ type: 'result', data, ...idOf(frame) });
}

/**
 * Reads a page for whoever may.
 * @throws ThrumError `unavailable`.
 */
export async function readHistory(
  node: Pick<Node, 'broker' | 'env' | 'limits'>,
  channel: string,
  rules: Rules,
  { since, limit, reverse = false }: HistoryQuery,
): Promise<HistoryResult> {
  if (rules.retention === undefined) return { publications: [], more: false, recovered: since === undefined };
  const options = {
    limit: clamp(limit, node.limits.historyPage),
    reverse,
    ...(since === undefined ? {} : { since }),
  };
  const page = await node.broker.read(channel, options).catch((error: unknown) => {
    throw unavailable(error, node.env);
  });
  const position = { epoch: page.epoch, offset: page.offset };
  const known = since === undefined || (since.epoch === page.epoch && since.offset <= page.offset);
  // A position of another log says nothing about this one: its page would be an arbitrary slice.
  if (!known) return { publications: [], position, more: false, recovered: false };
  const last = page.publications.at(-1)?.offset;
  const more = last !== undefined && (reverse ? last > page.oldest : last < page.offset);
  const gap = since !== undefined && since.offset < page.oldest - 1;
  return { publications: page.publications, position, more, recovered: !gap };
}

function clamp(limit: number | undefined, max: number): number {
  return limit !== undefined && Number.isInteger(limit) && limit >= 1 && limit <= max ? limit : max;
}
