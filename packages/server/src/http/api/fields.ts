import { isFrameId, type Position } from '@thrum/protocol';
import { z } from 'zod';
import { pageSize } from './page.ts';

/** A channel's name; whether it is a good one the core says. */
export const channelField: z.ZodType<string> = z
  .string()
  .meta({ description: 'Name of a channel, PROTOCOL.md §5', examples: ['chat:lobby'] });

export const epochField: z.ZodType<string> = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'Names one life of the log' });

export const positionField: z.ZodType<Position> = z.strictObject({
  epoch: epochField,
  offset: z.int().min(0),
});

export const idField: z.ZodType<string> = z
  .string()
  .min(1)
  .max(128)
  .refine(isFrameId, { error: 'expected no lone surrogate' })
  .meta({ description: 'Idempotency key: a repeat with the same event and data publishes nothing' });

/** Entries of a page; text that is no such number counts as the largest page, as in PROTOCOL.md §2. */
export const limitField: z.ZodType<number | undefined, string | undefined> = z
  .string()
  .transform(Number)
  .optional()
  .meta({ type: 'integer', minimum: 1, description: 'Most entries of the page' });

export const pageQuery: z.ZodType<{ after?: string | undefined; limit?: number | undefined }> =
  z.strictObject({
    after: z.string().optional().meta({ description: '`next` of the page before' }),
    limit: limitField.meta({ maximum: pageSize }),
  });

export const nextField: z.ZodType<string | undefined> = z
  .string()
  .optional()
  .meta({ description: '`after` for the next page; absent on the last' });
