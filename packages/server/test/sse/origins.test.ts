import { connectRaw, HandshakeRefused } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { createThrum, type ThrumDefinition } from '../../src/index.ts';
import { silentLog, startServer } from '../support.ts';
import { dataOf, openStream, secret, token } from './support.ts';

const origin = 'https://app.example';
const definition: ThrumDefinition = { origins: [origin], auth: { secret }, tokenCookie: 'session' };
const path = '/events?channel=room:a';

async function status(url: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5000) });
  await response.body?.cancel();
  return response.status;
}

describe('a page of another origin', () => {
  it('that is allowed is told so by name, credentials included, and caches are told that it matters', async () => {
    await using server = await startServer(definition);
    const headers = { Origin: origin, Authorization: `Bearer ${await token('alice')}` };
    await using client = await openStream(server.httpUrl + path, 1, headers);
    expect(client.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    });
  });

  it('may read a refusal too', async () => {
    await using server = await startServer(definition);
    const response = await fetch(server.httpUrl + path, { headers: { Origin: origin } });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, origin]);
  });

  it.each([
    'https://app.example.evil.example',
    'https://evil-app.example',
    'http://app.example',
    'https://app.example:444',
    'https://app.example/',
    'null',
  ])('%s, which is not on the list, gets 403 and no header that lets it read', async (other) => {
    await using server = await startServer(definition);
    const headers = { Origin: other, Authorization: `Bearer ${await token('alice')}` };
    const response = await fetch(server.httpUrl + path, { headers });
    expect(response.status).toBe(403);
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  it('gets * without credentials where all are allowed', async () => {
    await using server = await startServer({ origins: '*' });
    await using client = await openStream(server.httpUrl + path, 1, { Origin: 'https://any.example' });
    expect(client.headers['access-control-allow-origin']).toBe('*');
    expect(client.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it.each(['/events', '/connect/sse', '/connect/send', '/connect/poll'])(
    'asks %s first, and is told what it may send',
    async (endpoint) => {
      await using server = await startServer(definition);
      const ask = (from: string): Promise<Response> =>
        fetch(server.httpUrl + endpoint, {
          method: 'OPTIONS',
          headers: { Origin: from, 'Access-Control-Request-Method': 'POST' },
        });
      const allowed = await ask(origin);
      expect(allowed.status).toBe(204);
      expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
      expect(allowed.headers.get('access-control-allow-methods')).toBe(
        endpoint === '/events' ? 'GET' : 'GET, POST',
      );
      expect(allowed.headers.get('access-control-allow-headers')).toContain('Content-Type');
      const refused = await ask('https://evil.example');
      expect([...refused.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    },
  );
});

describe('a token in a cookie', () => {
  it('counts on every transport, for pages of allowed origins', async () => {
    await using server = await startServer(definition);
    const Cookie = `theme=dark; session=${await token('alice')}; other=1`;
    await using stream = await openStream(server.httpUrl + path, 1, { Cookie, Origin: origin });
    const transports = ['websocket', 'sse', 'longpoll'] as const;
    for (const transport of transports) {
      await using client = await connectRaw(server.url, { transport, headers: { Cookie, Origin: origin } });
      expect(await client.next('welcome')).toMatchObject({ authentication: 'done', userId: 'alice' });
    }
    await server.app.publish('room:a', 'message', 1 as never);
    expect(await dataOf(stream, 1)).toEqual([1]);
    expect(JSON.stringify(server.lines)).not.toContain('eyJ');
  });

  it('counts for nothing where no cookie was named, or another one', async () => {
    const Cookie = `session=${await token('alice')}`;
    for (const tokenCookie of [undefined, 'other']) {
      await using server = await startServer({
        origins: [origin],
        auth: { secret },
        ...(tokenCookie === undefined ? {} : { tokenCookie }),
      });
      expect(await status(server.httpUrl + path, { Cookie, Origin: origin })).toBe(401);
    }
  });

  it('yields to a token that the page shows itself', async () => {
    await using server = await startServer(definition);
    const Cookie = `session=${await token('alice')}`;
    const own = { Authorization: `Bearer ${await token('bob')}` };
    await using _client = await openStream(server.httpUrl + path, 1, { Cookie, Origin: origin, ...own });
    expect(server.app.connections().map(({ userId }) => userId)).toEqual(['bob']);
  });

  it('without Origin counts for a stream of the same site, as browsers ask for it, and of no other', async () => {
    await using server = await startServer(definition);
    const Cookie = `session=${await token('alice')}`;
    const asked = (site: Record<string, string>): Promise<number> =>
      status(server.httpUrl + path, { Cookie, ...site });
    expect(await asked({ 'Sec-Fetch-Site': 'same-origin' })).toBe(200);
    expect(await asked({ 'Sec-Fetch-Site': 'none' })).toBe(200);
    expect(await asked({ 'Sec-Fetch-Site': 'same-site' })).toBe(403);
    expect(await asked({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await asked({})).toBe(200);
  });

  it('without Origin counts for no POST and for no WebSocket', async () => {
    await using server = await startServer(definition);
    const Cookie = `session=${await token('alice')}`;
    const poll = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${server.httpUrl}/connect/poll`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Cookie, ...headers },
        body: '{}',
      });
    // Node's fetch says `cors` and no site, so nothing but the cookie speaks for it.
    expect((await poll({})).status).toBe(403);
    expect((await poll({ Origin: 'https://evil.example' })).status).toBe(403);
    expect((await poll({ Origin: origin })).status).toBe(200);
    await expect(connectRaw(server.url, { headers: { Cookie } })).rejects.toThrow(HandshakeRefused);
  });

  it('is refused at the start beside origins *, and when its name is none', () => {
    expect(() => createThrum({ origins: '*', tokenCookie: 'session', log: silentLog })).toThrow(
      /tokenCookie/,
    );
    expect(() => createThrum({ tokenCookie: 'a b', log: silentLog })).toThrow(/tokenCookie/);
  });
});
