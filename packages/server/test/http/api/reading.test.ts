import { connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../support.ts';
import { startApi } from './support.ts';

const auth = (token: string) => ({ userId: token });

describe('GET /channels/:channel/history', () => {
  it('reads pages forward and backward', async () => {
    await using api = await startApi();
    for (let n = 1; n <= 5; n += 1) await api.send('POST /channels/room:a/messages', { data: n });
    const page = async (query = '') => {
      const { body } = await api.send(`GET /channels/room:a/history${query}`);
      const { publications, ...rest } = body as {
        publications: { data: number }[];
        position: { epoch: string };
      };
      return { ...rest, data: publications.map(({ data }) => data) };
    };
    const all = await page();
    const { epoch } = all.position;
    expect(all).toEqual({
      data: [1, 2, 3, 4, 5],
      position: { epoch, offset: 5 },
      more: false,
      recovered: true,
    });
    expect(await page('?limit=2')).toMatchObject({ data: [1, 2], more: true });
    expect(await page('?limit=2&reverse=true')).toMatchObject({ data: [5, 4], more: true });
    expect(await page(`?epoch=${epoch}&offset=2&reverse=false`)).toMatchObject({
      data: [3, 4, 5],
      more: false,
    });
    expect(await page(`?epoch=${epoch}&offset=2&reverse=true`)).toMatchObject({ data: [1] });
    expect(await page('?epoch=other&offset=2')).toMatchObject({ data: [], recovered: false });
    expect(await page(`?epoch=${epoch}&offset=99`)).toMatchObject({ data: [], recovered: false });
    for (const limit of ['-1', '0', '1e9', '1000000000', 'NaN', 'x', '1.5'])
      expect(await page(`?limit=${limit}`), limit).toMatchObject({ data: [1, 2, 3, 4, 5] });
  });

  it('is as long as a page at most', async () => {
    await using api = await startApi({ limits: { historyPage: 10 } });
    const data = Array.from({ length: 11 }, (_, n) => ({ channel: 'room:a', data: n }));
    await api.send('POST /batch', data);
    const { body } = await api.send('GET /channels/room:a/history?limit=11');
    expect((body as { publications: unknown[] }).publications).toHaveLength(10);
    expect(body).toMatchObject({ more: true });
  });

  it('has no position in a channel that keeps nothing', async () => {
    await using api = await startApi();
    expect((await api.send('GET /channels/live:a/history')).body).toEqual({
      publications: [],
      more: false,
      recovered: true,
    });
  });

  it.each([
    ['offset without epoch', '?offset=1', 400, 'invalid_frame'],
    ['epoch without offset', '?epoch=a', 400, 'invalid_frame'],
    ['an offset that is no number', '?epoch=a&offset=x', 400, 'invalid_frame'],
    ['a negative offset', '?epoch=a&offset=-1', 400, 'invalid_frame'],
    ['an unsafe offset', '?epoch=a&offset=9007199254740993', 400, 'invalid_frame'],
    ['an epoch of 65 characters', `?offset=1&epoch=${'a'.repeat(65)}`, 400, 'invalid_frame'],
    ['reverse that is neither', '?reverse=1', 400, 'invalid_frame'],
    ['a field given twice', '?limit=1&limit=2', 400, 'invalid_frame'],
    ['a field that nobody knows', '?ofset=1', 400, 'invalid_frame'],
  ])('refuses %s', async (_title, query, status, code) => {
    await using api = await startApi();
    expect(await api.send(`GET /channels/room:a/history${query}`)).toMatchObject({ status, body: { code } });
  });

  it('answers unknown channels and bad names as publishing does', async () => {
    await using api = await startApi();
    expect(await api.send('GET /channels/nobody/history')).toMatchObject({
      status: 403,
      body: { code: 'access_denied' },
    });
    expect(await api.send('GET /channels/thrum:x/history')).toMatchObject({
      status: 400,
      body: { code: 'invalid_channel' },
    });
  });

  it('says that the log cannot be read just now, and when to come back', async () => {
    const broker = {
      durable: false,
      publish: () => Promise.reject(new Error('the disk is on fire')),
      read: () => Promise.reject(new Error('the disk is on fire')),
      subscribe: () => () => undefined,
      close: () => undefined,
    };
    await using api = await startApi({ broker });
    for (const line of ['GET /channels/room:a/history', 'POST /channels/room:a/messages']) {
      const answer = await api.send(line, line.startsWith('POST') ? { data: 1 } : undefined);
      expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.text).not.toContain('fire');
    }
  });
});

describe('GET /channels/:channel/presence', () => {
  it('lists members in pages, with how many there are', async () => {
    await using api = await startApi({ auth });
    const clients = [];
    for (const user of ['carol', 'alice', 'bob']) {
      const client = await connectRaw(`${api.server.url}?token=${user}`);
      clients.push(client);
      await client.ask({ type: 'subscribe', channel: 'room:a', presence: true });
    }
    const first = await api.send('GET /channels/room:a/presence?limit=2');
    expect(first.body).toMatchObject({
      members: [{ userId: 'alice', metas: [{ connectionId: expect.any(String) }] }, { userId: 'bob' }],
      count: 3,
      next: 'bob',
    });
    const second = await api.send('GET /channels/room:a/presence?limit=2&after=bob');
    expect(second.body).toMatchObject({ members: [{ userId: 'carol' }], count: 3 });
    expect(second.body).not.toHaveProperty('next');
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it('is empty where nobody is, and refuses bad names', async () => {
    await using api = await startApi();
    expect((await api.send('GET /channels/room:a/presence')).text).toBe('{"members":[],"count":0}');
    expect(await api.send('GET /channels/room:%07/presence')).toMatchObject({
      status: 400,
      body: { code: 'invalid_channel' },
    });
  });
});

describe('GET /channels and GET /connections', () => {
  it('list what is on this node, in pages', async () => {
    await using api = await startApi({ auth });
    await using client = await connectRaw(`${api.server.url}?token=alice`);
    await using other = await connectRaw(`${api.server.url}?token=bob`);
    for (const channel of ['room:b', 'room:a']) await client.ask({ type: 'subscribe', channel });
    await other.ask({ type: 'subscribe', channel: 'room:a' });
    expect((await api.send('GET /channels')).body).toMatchObject({
      channels: [
        { channel: 'room:a', subscribers: 2, position: { offset: 0 } },
        { channel: 'room:b', subscribers: 1 },
      ],
    });
    expect((await api.send('GET /channels?limit=1')).body).toMatchObject({
      channels: [{ channel: 'room:a' }],
      next: 'room:a',
    });
    expect((await api.send('GET /channels?after=room:a')).body).toMatchObject({
      channels: [{ channel: 'room:b' }],
    });
    const { body } = await api.send('GET /connections');
    const { connections } = body as { connections: { connectionId: string; userId: string }[] };
    expect(connections.map(({ userId }) => userId).toSorted()).toEqual(['alice', 'bob']);
    expect(connections.find(({ userId }) => userId === 'alice')).toMatchObject({
      transport: 'websocket',
      channels: ['room:b', 'room:a'],
      bufferedBytes: 0,
    });
    const ids = connections.map(({ connectionId }) => connectionId);
    expect(ids).toEqual(ids.toSorted());
    const next = await api.send(`GET /connections?limit=1&after=${ids[0]}`);
    expect(next.body).toMatchObject({ connections: [{ connectionId: ids[1] }] });
  });
});

describe('DELETE /users/:id/connections', () => {
  it('closes all of a user’s connections for good, and nobody else’s', async () => {
    await using api = await startApi({ auth, log: silentLog });
    const user = 'ada@example.com/1';
    const url = `${api.server.url}?token=${encodeURIComponent(user)}`;
    await using first = await connectRaw(url);
    await using second = await connectRaw(url);
    await using other = await connectRaw(`${api.server.url}?token=bob`);
    const line = `DELETE /users/${encodeURIComponent(user)}/connections`;
    expect(await api.send(line)).toMatchObject({ status: 200, body: { disconnected: 2 } });
    expect(await first.closed()).toMatchObject({ code: 4500, reason: 'Disconnected' });
    expect(await second.closed()).toMatchObject({ code: 4500 });
    expect(await other.ask({ type: 'ping', id: 1 })).toMatchObject({ type: 'pong' });
    expect((await api.send('DELETE /users/nobody/connections')).text).toBe('{"disconnected":0}');
    expect((await api.send('DELETE /users/a%00b/connections')).status).toBe(400);
  });
});
