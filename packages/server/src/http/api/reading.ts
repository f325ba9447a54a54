import { ThrumError } from '@thrum/core';
import { channelNameError, isOffset, toPublicationFrame } from '@thrum/protocol';
import { z } from 'zod';
import { userIdProblem } from '../../auth/user-id.ts';
import { channelField, epochField, limitField, nextField, pageQuery, positionField } from './fields.ts';
import { type Call, type Handler, handler } from './handler.ts';
import { pageOf } from './page.ts';

const historyQuery = z
  .strictObject({
    epoch: epochField.optional(),
    offset: z
      .string()
      .transform((text) => (/^\d+$/.test(text) ? Number(text) : Number.NaN))
      .refine(isOffset, { error: 'expected a non-negative whole number' })
      .optional()
      .meta({
        type: 'integer',
        description: 'With `epoch`: begin after this position, or with `reverse` before it',
      }),
    limit: limitField,
    reverse: z
      .enum(['true', 'false'])
      .transform((text) => text === 'true')
      .optional()
      .meta({ description: 'Newest first' }),
  })
  .refine(({ epoch, offset }) => (epoch === undefined) === (offset === undefined), {
    error: 'expected epoch and offset together',
  });

const publication = z
  .looseObject({ type: z.string(), channel: channelField, timestamp: z.number() })
  .meta({ description: 'As in PROTOCOL.md §4' });

export const history: Handler = handler({
  summary: 'A page of what was published in a channel',
  query: historyQuery,
  answer: z.strictObject({
    publications: z.array(publication),
    position: positionField.optional(),
    more: z.boolean(),
    recovered: z.boolean(),
  }),
  run: async ({ core }, { params, query: { epoch, offset, limit, reverse = false } }) => {
    const since = epoch === undefined || offset === undefined ? {} : { since: { epoch, offset } };
    const options = { ...since, reverse, ...(limit === undefined ? {} : { limit }) };
    const page = await core.history(params['channel'] ?? '', options);
    return { ...page, publications: page.publications.map((kept) => ({ ...toPublicationFrame(kept) })) };
  },
});

const meta = z.strictObject({
  connectionId: z.string(),
  joinedAt: z.number(),
  state: z.unknown().optional(),
});
const member = z.strictObject({ userId: z.string(), metas: z.array(meta).readonly() });

export const presence: Handler = handler({
  summary: 'Who is in a channel, on this node',
  query: pageQuery,
  answer: z.strictObject({
    members: z.array(member).readonly(),
    count: z.int().min(0).meta({ description: 'Members in all' }),
    next: nextField,
  }),
  run: ({ core }, { params, query }) => {
    const members = core.presence(channelOf(params));
    const { items, next } = pageOf(members, ({ userId }) => userId, query);
    return { members: items, count: members.length, next };
  },
});

const channelInfo = z.strictObject({
  channel: channelField,
  subscribers: z.int().min(0),
  position: positionField.optional(),
});

export const channels: Handler = handler({
  summary: 'Channels with subscribers, on this node',
  query: pageQuery,
  answer: z.strictObject({ channels: z.array(channelInfo).readonly(), next: nextField }),
  run: ({ core }, { query }) => {
    const { items, next } = pageOf(core.channels(), ({ channel }) => channel, query);
    return { channels: items, next };
  },
});

const connection = z.strictObject({
  connectionId: z.string(),
  userId: z.string().optional(),
  transport: z.string(),
  address: z.string().optional(),
  connectedAt: z.number(),
  channels: z.array(channelField).readonly(),
  bufferedBytes: z.number(),
});

export const connections: Handler = handler({
  summary: 'Connections of this node',
  query: pageQuery,
  answer: z.strictObject({ connections: z.array(connection).readonly(), next: nextField }),
  run: ({ core }, { query }) => {
    const { items, next } = pageOf(core.connections(), ({ connectionId }) => connectionId, query);
    return { connections: items, next };
  },
});

export const disconnect: Handler = handler({
  summary: 'Close all connections of a user on this node, for good',
  answer: z.strictObject({ disconnected: z.int().min(0) }),
  run: ({ core }, { params }) => {
    const user = params['id'] ?? '';
    const problem = userIdProblem(user);
    if (problem !== undefined) throw new ThrumError('invalid_frame', `Invalid user id: it ${problem}`);
    return { disconnected: core.disconnect(user) };
  },
});

function channelOf(params: Call['params']): string {
  const channel = params['channel'] ?? '';
  const problem = channelNameError(channel);
  if (problem !== undefined) throw new ThrumError('invalid_channel', `Invalid channel name: it ${problem}`);
  return channel;
}
