import { errorCodes, type ErrorCode } from '@thrum/protocol';
import { z } from 'zod';
import { statusOf } from '../problem.ts';
import type { Handler } from './handler.ts';
import { type HandlerId, handlers } from './handlers.ts';
import { operations } from './operations.ts';

type Json = Readonly<Record<string, unknown>>;

const problem = z
  .looseObject({
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode]).optional(),
  })
  .meta({ description: 'RFC 9457, with the code of PROTOCOL.md §11 where there is one' });

const errorStatuses: readonly number[] = [
  ...new Set([...Object.values(statusOf), 404, 405, 413, 415, 431]),
].sort();

/** The document of the API (OpenAPI 3.1), made from the very schemas that requests are read with. */
export function openApiDocument(secured: boolean): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [id, handler] of Object.entries(handlers)) {
    const { method, path } = operations[id as HandlerId];
    paths[path] = { ...paths[path], [method.toLowerCase()]: describe(id, path, handler) };
  }
  const { method, path } = operations.openapi;
  paths[path] = { [method.toLowerCase()]: self };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Thrum HTTP API',
      version: '1',
      description:
        'For backends: publish, read history and presence, look at connections. Errors are RFC 9457 problems.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths,
    components: {
      schemas: { Problem: toSchema(problem, 'output') },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
    },
    ...(secured ? { security: [{ bearer: [] }, { apiKey: [] }] } : {}),
  };
}

/** The document is no secret: tools ask for it without a key. */
const self: Json = {
  operationId: 'openapi',
  summary: 'This document',
  security: [],
  responses: {
    200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
  },
};

function describe(operationId: string, path: string, handler: Handler): Json {
  const { summary, query, body, answer, takesKey } = handler;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) =>
      parameter('path', name ?? '', { type: 'string' }, true),
    ),
    ...queryParameters(query),
    ...(takesKey
      ? [parameter('header', 'Idempotency-Key', { type: 'string', minLength: 1, maxLength: 128 }, false)]
      : []),
  ];
  return {
    operationId,
    summary,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined ? {} : { requestBody: { required: true, ...json(toSchema(body, 'input')) } }),
    responses: { 200: { description: 'Done', ...json(toSchema(answer, 'output')) }, ...problems },
  };
}

const problems: Readonly<Record<string, Json>> = {
  default: {
    description: `A problem; its status is one of ${errorStatuses.join(', ')}`,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  },
};

function queryParameters(query: z.ZodType): readonly Json[] {
  const { properties = {} } = toSchema(query, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>;
  };
  return Object.entries(properties).map(([name, schema]) => parameter('query', name, schema, false));
}

function parameter(place: string, name: string, { description, ...schema }: Json, required: boolean): Json {
  return { name, in: place, required, ...(description === undefined ? {} : { description }), schema };
}

function json(schema: Json): Json {
  return { content: { 'application/json': { schema } } };
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  // 3.1 reads schemas in the dialect of draft 2020-12, so none has to say so itself.
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // To zod a matter of TypeScript; in OpenAPI it would speak of requests.
    override: ({ jsonSchema }) => void delete jsonSchema.readOnly,
  });
  return rest;
}
