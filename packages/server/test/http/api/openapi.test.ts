import { Validator } from '@seriousme/openapi-schema-validator';
import { connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { apiMethods, operations } from '../../../src/http/api/operations.ts';
import { startApi } from './support.ts';

interface Operation {
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { schema: object }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: { readonly Problem: object } };
  readonly security?: readonly unknown[];
}

async function documentOf(api: Awaited<ReturnType<typeof startApi>>): Promise<Document> {
  return (await api.send('GET /openapi.json')).body as Document;
}

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    await using api = await startApi();
    const document = await documentOf(api);
    const validator = new Validator();
    const { valid, errors } = await validator.validate(
      structuredClone(document) as unknown as Record<string, unknown>,
    );
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
    expect(document.security).toEqual([{ bearer: [] }, { apiKey: [] }]);
  });

  it('has every operation that is served, and no other', async () => {
    await using api = await startApi();
    const { paths } = await documentOf(api);
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
      ),
    );
    const table = Object.entries(operations).map(([id, { method, path }]) => `${id} ${method} ${path}`);
    expect(documented.toSorted()).toEqual(table.toSorted());
  });

  it('has only operations that answer, and methods that are refused elsewhere', async () => {
    await using api = await startApi();
    const { paths } = await documentOf(api);
    for (const [template, documented] of Object.entries(paths)) {
      const path = template.replaceAll(/\{\w+\}/g, 'room:a');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status } = await api.send(`${method} ${path}`);
        const isDocumented = method.toLowerCase() in documented;
        expect([404, 405].includes(status), `${method} ${path}: ${status}`).toBe(!isDocumented);
        expect(apiMethods(path).includes(method), `${method} ${path}`).toBe(isDocumented);
      }
    }
  });

  it('describes what is really answered', async () => {
    await using api = await startApi({ auth: (token) => ({ userId: token }) });
    await using client = await connectRaw(`${api.server.url}?token=alice`);
    await client.ask({ type: 'subscribe', channel: 'room:a', presence: true });
    const { paths, components } = await documentOf(api);
    const schemaOf = (operationId: string) => {
      const found = Object.values(paths)
        .flatMap((methods) => Object.values(methods))
        .find((operation) => operation.operationId === operationId);
      return z.fromJSONSchema(found?.responses['200']?.content['application/json']?.schema as never);
    };
    const asked: readonly (readonly [string, string, unknown?])[] = [
      ['publish', 'POST /channels/room:a/messages', { data: { n: 1 } }],
      ['publish', 'POST /channels/live:a/messages', { data: 1, from: 'bob' }],
      [
        'batch',
        'POST /batch',
        [
          { channel: 'room:a', data: 1, id: 'x' },
          { channel: 'nobody', data: 1 },
        ],
      ],
      ['batch', 'POST /batch', { channels: ['room:a'], data: 1 }],
      ['notify', 'POST /notifications', {}],
      ['history', 'GET /channels/room:a/history'],
      ['history', 'GET /channels/live:a/history'],
      ['presence', 'GET /channels/room:a/presence'],
      ['channels', 'GET /channels?limit=1'],
      ['connections', 'GET /connections'],
      ['disconnect', 'DELETE /users/alice/connections'],
    ];
    for (const [id, line, body] of asked) {
      const answer = await api.send(line, body);
      expect(answer.status, line).toBe(200);
      expect(schemaOf(id).safeParse(answer.body).error?.issues ?? [], line).toEqual([]);
    }
    const problem = z.fromJSONSchema(components.schemas.Problem as never);
    for (const line of [
      'POST /notifications',
      'GET /channels/nobody/history',
      'GET /channels/%ff/history',
      'PUT /batch',
    ]) {
      const { body, status } = await api.send(line);
      expect(status, line).toBeGreaterThanOrEqual(400);
      expect(problem.safeParse(body).error?.issues ?? [], line).toEqual([]);
    }
  });

  it('asks for no key where the server asks for none', async () => {
    await using api = await startApi({ apiKeys: [] });
    expect(await documentOf(api)).not.toHaveProperty('security');
  });
});
