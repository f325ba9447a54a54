import { connectRaw } from '@thrum/testkit';
import { describe, expect, it } from 'vitest';
import { startApi } from './support.ts';

describe('POST /channels/:channel/messages', () => {
  it('publishes to everybody who is subscribed, and answers with the position', async () => {
    await using api = await startApi();
    await using client = await connectRaw(api.server.url);
    await client.ask({ type: 'subscribe', channel: 'room:a' });
    const { status, headers, body } = await api.send('POST /channels/room:a/messages', { data: { n: 1 } });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const frame = await client.next('message');
    expect(body).toEqual({ position: { epoch: frame['epoch'], offset: 1 }, duplicate: false });
    expect(frame).toMatchObject({ channel: 'room:a', data: { n: 1 }, offset: 1 });
    expect(frame).not.toHaveProperty('from');
  });

  it('takes an event and a sender', async () => {
    await using api = await startApi();
    await using client = await connectRaw(api.server.url);
    await client.ask({ type: 'subscribe', channel: 'room:a' });
    await api.send('POST /channels/room:a/messages', { event: 'moved', data: null, from: 'alice' });
    expect(await client.next('moved')).toMatchObject({ data: null, from: 'alice' });
  });

  it.each([
    'room:a/b',
    'room:100%',
    'room:%2F',
    'room:✓ ü',
    'room:a?b#c',
    'room:..',
    'room:a;b+c',
    `room:${'ü'.repeat(125)}`,
  ])('takes any channel name, percent-encoded: %s', async (channel) => {
    await using api = await startApi();
    const path = `/channels/${encodeURIComponent(channel)}`;
    expect((await api.send(`POST ${path}/messages`, { data: 1 })).status).toBe(200);
    expect((await api.send(`GET ${path}/history`)).body).toMatchObject({ publications: [{ channel }] });
  });

  it('has no position in a channel that keeps nothing', async () => {
    await using api = await startApi();
    expect((await api.send('POST /channels/live:a/messages', { data: 1 })).text).toBe('{"duplicate":false}');
  });

  it('publishes where no client may', async () => {
    await using api = await startApi();
    expect((await api.send('POST /channels/closed:a/messages', { data: 1 })).status).toBe(200);
    expect((await api.send('POST /channels/user:7/messages', { data: 1 })).status).toBe(200);
  });

  it.each([
    ['a channel that nobody defined', '/channels/nobody/messages', { data: 1 }, 403, 'access_denied'],
    ['a reserved channel', '/channels/thrum:x/messages', { data: 1 }, 400, 'invalid_channel'],
    [
      'a channel with a control character',
      '/channels/room:%00/messages',
      { data: 1 },
      400,
      'invalid_channel',
    ],
    [
      'a channel of 256 bytes',
      `/channels/room:${'x'.repeat(251)}/messages`,
      { data: 1 },
      400,
      'invalid_channel',
    ],
    ['a reserved event', '/channels/room:a/messages', { event: 'ack', data: 1 }, 422, 'invalid_event'],
    [
      'an event the channel lacks',
      '/channels/typed:a/messages',
      { event: 'x', data: 1 },
      422,
      'invalid_event',
    ],
    [
      'data that the schema refuses',
      '/channels/typed:a/messages',
      { data: { text: 1 } },
      422,
      'invalid_data',
    ],
    ['no data', '/channels/room:a/messages', { event: 'x' }, 400, 'invalid_frame'],
    ['a field that nobody knows', '/channels/room:a/messages', { data: 1, evnt: 'x' }, 400, 'invalid_frame'],
    ['an event that is no text', '/channels/room:a/messages', { data: 1, event: 5 }, 400, 'invalid_frame'],
    [
      'a sender with U+0000',
      '/channels/room:a/messages',
      { data: 1, from: 'a\u0000b' },
      400,
      'invalid_frame',
    ],
    ['no object', '/channels/room:a/messages', [1], 400, 'invalid_frame'],
  ])('refuses %s', async (_title, path, body, status, code) => {
    await using api = await startApi();
    const refused = await api.send(`POST ${path}`, body);
    expect(refused.status).toBe(status);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(refused.body).toMatchObject({
      status,
      code,
      title: expect.any(String),
      detail: expect.any(String),
    });
  });

  it('says where and what was expected, and repeats nothing of what came', async () => {
    await using api = await startApi();
    const path = 'POST /channels/typed:a/messages';
    const detail = async (body: unknown) => ((await api.send(path, body)).body as { detail: string }).detail;
    expect(await detail({ data: 1, event: 5 })).toBe('Invalid request: event: expected string, got number.');
    expect(await detail({})).toBe('Invalid request: data: expected a value, got nothing.');
    expect(await detail({ data: 1, '<script>': 1 })).toBe(
      'Invalid request: expected no fields but the documented ones.',
    );
  });
});

describe('Idempotency-Key', () => {
  const path = 'POST /channels/room:a/messages';

  it.each([
    ['bare', 'order-1', 'order-1'],
    ['in quotes, as its draft has it', String.raw`"order \"1\""`, 'order "1"'],
  ])('makes a repeat harmless: %s', async (_title, header, id) => {
    await using api = await startApi();
    await using client = await connectRaw(api.server.url);
    await client.ask({ type: 'subscribe', channel: 'room:a' });
    const headers = { 'Idempotency-Key': header };
    const first = await api.send(path, { data: { n: 1 } }, headers);
    expect(first.body).toMatchObject({ duplicate: false, id, position: { offset: 1 } });
    const second = await api.send(path, { data: { n: 1 } }, headers);
    expect(second).toMatchObject({ status: 200, body: { ...(first.body as object), duplicate: true } });
    await api.send(path, { data: { n: 2 } });
    expect(await client.next('message')).toMatchObject({ data: { n: 1 }, id });
    expect(await client.next('message')).toMatchObject({ data: { n: 2 }, offset: 2 });
  });

  it('with another body is a conflict', async () => {
    await using api = await startApi();
    const headers = { 'Idempotency-Key': 'k' };
    await api.send(path, { data: 1 }, headers);
    expect(await api.send(path, { data: 2 }, headers)).toMatchObject({
      status: 409,
      body: { code: 'id_conflict', title: 'Conflict' },
    });
    expect(await api.send(path, { data: 1, event: 'other' }, headers)).toMatchObject({ status: 409 });
  });

  it.each([
    ['empty', ''],
    ['empty in quotes', '""'],
    ['longer than 128 characters', 'x'.repeat(129)],
  ])('is refused when it is %s', async (_title, header) => {
    await using api = await startApi();
    expect(await api.send(path, { data: 1 }, { 'Idempotency-Key': header })).toMatchObject({
      status: 400,
      body: { code: 'invalid_frame' },
    });
  });
});

describe('POST /notifications', () => {
  it('publishes any JSON as notification, and answers exactly {"success":true}', async () => {
    await using api = await startApi();
    await using client = await connectRaw(api.server.url);
    await client.ask({ type: 'subscribe', channel: 'notifications' });
    for (const body of [{ text: 'hi' }, [1], 'text', 0, null, false]) {
      const { status, text } = await api.send('POST /notifications', JSON.stringify(body));
      expect({ status, text }).toEqual({ status: 200, text: '{"success":true}' });
      expect(await client.next('notification')).toMatchObject({ channel: 'notifications', data: body });
    }
  });

  it('takes an idempotency key', async () => {
    await using api = await startApi();
    const headers = { 'Idempotency-Key': 'n-1' };
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await api.send('POST /notifications', { n: 1 }, headers)).text).toBe('{"success":true}');
    }
    expect((await api.send('POST /notifications', { n: 2 }, headers)).status).toBe(409);
    expect((await api.send('GET /channels/notifications/history')).body).toMatchObject({
      publications: [{ type: 'notification', data: { n: 1 }, id: 'n-1' }],
    });
  });

  it('says that the channel is missing where the application does not define it', async () => {
    await using api = await startApi({ channels: {} });
    expect(await api.send('POST /notifications', {})).toMatchObject({
      status: 403,
      body: { code: 'access_denied' },
    });
  });
});
