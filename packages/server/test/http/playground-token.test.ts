import { connectRaw } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const secret = 'a secret of at least thirty-two bytes';
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thrum-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>');
});
afterAll(() => rm(folder, { recursive: true }));

function ask(httpUrl: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${httpUrl}/playground/token`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

describe('the playground’s tokens', () => {
  it('let a visitor in under the id that was asked for', async () => {
    await using server = await startServer({ playground: folder, auth: { secret } });
    const response = await ask(server.httpUrl, '{"name":"Ada","userId":"42"}');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { token, userId, name } = (await response.json()) as Record<string, string>;
    expect({ userId, name }).toEqual({ userId: '42', name: 'Ada' });
    await using client = await connectRaw(`${server.url}?token=${token}`);
    expect(await client.take()).toMatchObject({ type: 'welcome', userId: '42' });
  });

  it('come with an id of their own where none was asked for, and work without any configured secret', async () => {
    await using server = await startServer({ playground: folder });
    const { token, userId } = (await (await ask(server.httpUrl, '{"name":"Ada"}')).json()) as Record<
      string,
      string
    >;
    await using client = await connectRaw(`${server.url}?token=${token}`);
    expect(await client.take()).toMatchObject({ userId });
  });

  it('name the user in the claim that is configured', async () => {
    await using server = await startServer({
      playground: folder,
      auth: { secret, userClaim: 'uid', issuer: 'me', audience: ['a'] },
    });
    const { token } = (await (await ask(server.httpUrl, '{"name":"Ada","userId":"7"}')).json()) as Record<
      string,
      string
    >;
    await using client = await connectRaw(`${server.url}?token=${token}`);
    expect(await client.take()).toMatchObject({ userId: '7' });
  });

  it.each([
    ['no JSON', 'x', 400],
    ['no object', '[]', 400],
    ['no name', '{}', 400],
    ['an empty name', '{"name":""}', 400],
    ['a name with a control character', '{"name":"a\\u001b[2J"}', 400],
    ['a name that is too long', JSON.stringify({ name: 'x'.repeat(65) }), 400],
    ['a user id that is no text', '{"name":"Ada","userId":7}', 400],
    ['a body of more than 4 KiB', JSON.stringify({ name: 'x'.repeat(5000) }), 413],
  ])('are refused with a problem for %s', async (_title, body, status) => {
    await using server = await startServer({ playground: folder });
    const response = await ask(server.httpUrl, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it('are not given to forms and pages of others', async () => {
    await using server = await startServer({ playground: folder });
    const body = '{"name":"Ada"}';
    expect((await ask(server.httpUrl, body, { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await ask(server.httpUrl, body, { Origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask(server.httpUrl, body, { Origin: 'null' })).status).toBe(403);
    expect((await fetch(`${server.httpUrl}/playground/token`)).status).toBe(405);
  });

  it.each([
    ['in production', { mode: 'production', playground: true }],
    ['without the playground', { mode: 'development', playground: false }],
    ['where the application authenticates by itself', { playground: true, auth: () => ({ userId: '1' }) }],
  ] as const)('do not exist %s', async (_title, definition) => {
    const playground = definition.playground ? folder : false;
    await using server = await startServer({ auth: { secret }, ...definition, playground });
    expect((await ask(server.httpUrl, '{"name":"Ada"}')).status).toBe(404);
  });
});
