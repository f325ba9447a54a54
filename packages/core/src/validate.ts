import { jsonError, type Schema, type SchemaIssue } from '@thrum/protocol';
import { ThrumError } from './errors.ts';

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
  if (result.issues === undefined) return result.value;
  const sentence = result.issues.slice(0, 3).map(describe).join('; ');
  throw new ThrumError('invalid_data', `Invalid data: ${sentence}`);
}

function describe({ message, path }: SchemaIssue): string {
  const place = path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.');
  return place ? `${place}: ${message}` : message;
}
