import { type PublishResult, ThrumError } from '@thrum/core';
import { errorCodes, errorInfo, type ErrorCode, utf8Length } from '@thrum/protocol';
import { z } from 'zod';
import { userIdProblem } from '../../auth/user-id.ts';
import { channelField, idField, positionField } from './fields.ts';
import { type ApiCore, type Handler, handler } from './handler.ts';

/** What a publication is made of besides its channel. */
const content = {
  event: z.string().default('message').meta({ description: 'Name of the event, PROTOCOL.md §5' }),
  data: z.unknown().meta({ description: 'Any JSON value' }),
  from: z
    .string()
    .refine((text) => userIdProblem(text) === undefined, { error: 'expected 1 to 255 printable characters' })
    .optional()
    .meta({ description: 'The user shown as the sender; absent: the server itself' }),
};
const outcome = { position: positionField.optional(), duplicate: z.boolean(), id: idField.optional() };

export const publish: Handler = handler({
  summary: 'Publish to a channel',
  body: z.strictObject(content),
  answer: z.strictObject(outcome),
  takesKey: true,
  run: ({ core }, { params, body, id }) => append(core, { channel: params['channel'] ?? '', ...body, id }),
});

/** What `POST /notifications` publishes, and where. */
const notification = { channel: 'notifications', event: 'notification' } as const;

export const notify: Handler = handler({
  summary: 'Publish the body as event `notification` in the channel `notifications`',
  body: z.unknown().meta({ description: 'Any JSON value' }),
  answer: z.strictObject({ success: z.literal(true) }),
  takesKey: true,
  run: async ({ core }, { body, id }) => {
    await append(core, { ...notification, data: body, id });
    return { success: true as const };
  },
});

const batchBody = z.union([
  z
    .array(z.strictObject({ channel: channelField, ...content, id: idField.optional() }))
    .min(1)
    .meta({ description: 'Publications, each with its channel' }),
  z
    .strictObject({ channels: z.array(channelField).min(1), ...content, id: idField.optional() })
    .meta({ description: 'One publication for many channels' }),
]);

const failure = z.strictObject({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode]),
  message: z.string(),
  retry: z.boolean().meta({ description: 'Whether the same can succeed later' }),
});
const result = z.union([
  z.strictObject({ channel: channelField, ...outcome }),
  z.strictObject({ channel: channelField, error: failure }),
]);

export const batch: Handler = handler({
  summary: 'Publish many times, or to many channels',
  body: batchBody,
  answer: z.strictObject({
    results: z.array(result).meta({ description: 'One for each publication, in the order of the request' }),
  }),
  run: async ({ core, batch: most }, { body }) => ({ results: await appendAll(core, entriesOf(body, most)) }),
});

interface Entry {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly id?: string | undefined;
  readonly from?: string | undefined;
}

async function append(
  core: ApiCore,
  { channel, event, data, id, from }: Entry,
): Promise<PublishResult & { readonly id?: string }> {
  const known = id === undefined ? {} : { id };
  const options = { ...known, ...(from === undefined ? {} : { from }) };
  return { ...(await core.publish(channel, event, data, options)), ...known };
}

function entriesOf(body: z.output<typeof batchBody>, most: number): readonly Entry[] {
  const count = 'channels' in body ? body.channels.length : body.length;
  if (count > most) {
    throw new ThrumError(
      'invalid_frame',
      `Invalid request: expected at most ${most} publications, got ${count}`,
    );
  }
  if (!('channels' in body)) return body;
  const { channels, ...rest } = body;
  return channels.map((channel) => ({ channel, ...rest }));
}

/** Those of one channel one after the other, so that they are appended in the order of the request; channels side by side. */
function appendAll(core: ApiCore, entries: readonly Entry[]): Promise<z.input<typeof result>[]> {
  const lasts = new Map<string, Promise<unknown>>();
  const results = entries.map((entry) => {
    const before = lasts.get(entry.channel) ?? Promise.resolve();
    const appended = before.then(() => tryAppend(core, entry));
    lasts.set(entry.channel, appended);
    return appended;
  });
  return Promise.all(results);
}

/** Never rejects. */
async function tryAppend(core: ApiCore, entry: Entry): Promise<z.input<typeof result>> {
  const { channel, data } = entry;
  try {
    checkSize(data, core.limits.messageBytes);
    return { channel, ...(await append(core, entry)) };
  } catch (error) {
    const { code, message } = ThrumError.from(error);
    return { channel, error: { code, message, retry: errorInfo(code).retry } };
  }
}

/** In a batch the limit of the body says nothing about one publication. */
function checkSize(data: unknown, most: number): void {
  const bytes = utf8Length(JSON.stringify(data));
  if (bytes <= most) return;
  throw new ThrumError('invalid_data', `Invalid data: expected at most ${most} bytes, got ${bytes}`);
}
