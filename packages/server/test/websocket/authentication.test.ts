import { once } from 'node:events';
import { connectRaw, openSocket, upgradeRequest } from '@thrum/testkit';
import { startServer } from '../support.ts';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/index.ts';

const secret = 'a secret of at least thirty-two bytes';

describe('a token in the handshake', () => {
  it.each([
    ['?token=', (token: string) => ({ query: `?token=${token}`, headers: {} })],
    [
      'Authorization: Bearer',
      (token: string) => ({ query: '', headers: { Authorization: `Bearer ${token}` } }),
    ],
    [
      'Authorization, whatever the case of Bearer',
      (token: string) => ({ query: '', headers: { authorization: `bearer ${token}` } }),
    ],
  ])('authenticates: %s', async (_title, place) => {
    await using server = await startServer({ auth: { secret } });
    const { query, headers } = place(await mintToken({ secret, userId: '42' }));
    await using client = await connectRaw(server.url + query, { headers });
    expect(await client.take()).toMatchObject({ type: 'welcome', authentication: 'done', userId: '42' });
  });

  it('is refused with an error frame, then 1008', async () => {
    await using server = await startServer({ auth: { secret } });
    await using client = await connectRaw(`${server.url}?token=forged`);
    expect(await client.take()).toMatchObject({ type: 'error', code: 'invalid_token' });
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Invalid token' });
  });

  it('is not even verified when it is longer than 8 KiB', async () => {
    let asked = 0;
    const authenticate = () => {
      asked += 1;
      return { userId: '1' };
    };
    await using server = await startServer({ auth: authenticate });
    await using client = await connectRaw(`${server.url}?token=${'x'.repeat(8193)}`);
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Invalid token' });
    expect(asked).toBe(0);
  });

  it('counts as none when it is empty', async () => {
    await using server = await startServer({ auth: { secret } });
    await using client = await connectRaw(`${server.url}?token=`);
    expect(await client.take()).toMatchObject({ type: 'welcome', authentication: 'required' });
  });

  it('that takes too long to verify ends as Authentication timeout', async () => {
    await using server = await startServer({
      auth: () => new Promise(() => {}),
      limits: { authSeconds: 0.05 },
    });
    await using client = await connectRaw(`${server.url}?token=slow`);
    expect(await client.closed()).toEqual({ code: 1008, reason: 'Authentication timeout' });
  });

  it('is verified before the upgrade, so that frames cannot overtake it', async () => {
    const verified = Promise.withResolvers<{ userId: string }>();
    await using server = await startServer({ auth: () => verified.promise });
    const socket = await openSocket(server.url);
    let answered = false;
    socket.once('data', () => {
      answered = true;
    });
    socket.write(upgradeRequest('127.0.0.1', { path: '/ws?token=x' }));
    // The server answers another request on its own: the first one has been seen and waits.
    expect((await fetch(`${server.httpUrl}/healthz`)).status).toBe(200);
    expect(answered).toBe(false);
    verified.resolve({ userId: '1' });
    await once(socket, 'data');
    socket.destroy();
  });

  it('whose client leaves while it is verified leaves nothing behind', async () => {
    const asked = Promise.withResolvers<void>();
    const verified = Promise.withResolvers<{ userId: string }>();
    const server = await startServer({
      auth: () => {
        asked.resolve();
        return verified.promise;
      },
    });
    const socket = await openSocket(server.url);
    socket.write(upgradeRequest('127.0.0.1', { path: '/ws?token=x' }));
    await asked.promise;
    socket.resetAndDestroy();
    verified.resolve({ userId: '1' });
    await server[Symbol.asyncDispose]();
    expect(server.app.connections()).toEqual([]);
  });
});
