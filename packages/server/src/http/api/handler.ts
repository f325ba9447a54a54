import { type Core, ThrumError } from '@thrum/core';
import { z } from 'zod';

/** All that the API may do with a server. */
export type ApiCore = Pick<
  Core,
  'limits' | 'publish' | 'history' | 'presence' | 'channels' | 'connections' | 'disconnect'
>;

export interface ApiContext {
  readonly core: ApiCore;
  /** Most publications of one batch. */
  readonly batch: number;
}

/** One request, its body read and the names in its path decoded. */
export interface Call<Query = unknown, Body = unknown> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Of the header `Idempotency-Key`. */
  readonly id: string | undefined;
}

/** What an operation takes, gives and does: read by the server and by the document that it serves. */
export interface Handler {
  readonly summary: string;
  readonly query: z.ZodType;
  /** Absent: the operation takes no body. */
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Whether `Idempotency-Key` means something. */
  readonly takesKey: boolean;
  /** @throws ThrumError for the caller to see. */
  readonly run: (context: ApiContext, call: Call) => unknown;
}

interface About<Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType> {
  readonly summary: string;
  readonly query?: Query;
  readonly body?: Body;
  readonly answer: Answer;
  readonly takesKey?: boolean;
  readonly run: (
    context: ApiContext,
    call: Call<z.output<Query>, z.output<Body>>,
  ) => z.input<Answer> | Promise<z.input<Answer>>;
}

const noQuery: z.ZodType = z.strictObject({});
const noBody: z.ZodType = z.unknown();

/** Binds a handler to its schemas: it sees only what they let through, and the compiler checks what it answers. */
export function handler<
  Answer extends z.ZodType,
  Body extends z.ZodType = z.ZodUnknown,
  Query extends z.ZodType = z.ZodType,
>(about: About<Query, Body, Answer>): Handler {
  const { summary, body, answer, takesKey = false, run } = about;
  const query = about.query ?? noQuery;
  return {
    summary,
    query,
    ...(body === undefined ? {} : { body }),
    answer,
    takesKey,
    run: (context, call) =>
      run(context, {
        ...call,
        query: read(query, call.query) as z.output<Query>,
        body: read(body ?? noBody, call.body) as z.output<Body>,
      }),
  };
}

/**
 * What a schema makes of a value that came from outside.
 * @throws ThrumError `invalid_frame`, with where and what was expected, never with what came.
 */
function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ThrumError(
    'invalid_frame',
    `Invalid request: ${issue === undefined ? 'refused' : describe(issue, [])}`,
  );
}

function describe(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): string {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    // Of several shapes, the one that the value tried to be: at least its outermost type fits.
    const tried =
      issue.errors.find(([first]) => first !== undefined && first.path.length > 0) ?? issue.errors[0];
    if (tried?.[0] !== undefined) return describe(tried[0], path);
  }
  const place = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
  return `${place}${expectation(issue)}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'expected no fields but the documented ones';
  // How zod calls a missing field whose type is not known.
  if (issue.code === 'invalid_type' && issue.message.includes('nonoptional'))
    return 'expected a value, got nothing';
  return issue.message.replace(/^Invalid (input|option): /, '').replace(', received ', ', got ');
}
