import { channelNameError, jsonError, type Schema, type SchemaIssue } from '@thrum/protocol';
import { ThrumError } from './errors.ts';

/** @throws ThrumError `invalid_channel` (PROTOCOL.md §5). */
export function checkChannelName(channel: string): void {
  const problem = channelNameError(channel);
  if (problem !== undefined) throw new ThrumError('invalid_channel', `Invalid channel name: it ${problem}`);
}

/**
 * The value a schema makes of `data`; `data` itself where there is no schema.
 * @throws ThrumError `invalid_data`, with where and what was expected.
 */
export async function validate(
  schema: Schema | undefined,
  data: unknown,
  maxDepth: number,
): Promise<unknown> {
  const problem = jsonError(data, maxDepth);
  if (problem !== undefined) throw new ThrumError('invalid_data', `Invalid data: it ${problem}`);
  if (schema === undefined) return data;
  const result = await schema['~standard'].validate(data);
  if (result.issues === undefined) return result.value === data ? data : toJson(result.value, maxDepth);
  const sentence = result.issues.slice(0, 3).map(describe).join('; ');
  throw new ThrumError('invalid_data', `Invalid data: ${sentence}`);
}

/**
 * The value as every codec and broker will give it back, and a copy: what an application or a schema made may hold dates
 * and bigints, and may still change after it was published.
 * @throws ThrumError `invalid_data` for what is no JSON.
 */
export function toJson(value: unknown, maxDepth: number): unknown {
  const problem = jsonError(value, maxDepth);
  if (problem !== undefined) throw new ThrumError('invalid_data', `Invalid data: it ${problem}`);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new ThrumError('invalid_data', 'Invalid data: it cannot be written as JSON', { cause });
  }
  if (text === undefined)
    throw new ThrumError('invalid_data', `Invalid data: expected a JSON value, got ${typeof value}`);
  return JSON.parse(text) as unknown;
}

function describe({ message, path }: SchemaIssue): string {
  const place = path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return place ? `${place}: ${message}` : message;
}
