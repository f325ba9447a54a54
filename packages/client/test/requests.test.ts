import { describe, expect, it } from 'vitest';
import { at } from './support/fake-server.ts';
import { createHarness } from './support/harness.ts';

describe('a call', () => {
  it('resolves with the result and is typed by nobody without a contract', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const result = client.call('transfer', { amount: 1 });
    expect(socket.last('call')).toMatchObject({ method: 'transfer', params: { amount: 1 } });
    socket.send({ type: 'result', id: socket.last('call')['id'], data: { ok: true } });
    expect(await result).toEqual({ ok: true });
  });

  it('is rejected with the sentence of the application', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const result = client.call('transfer');
    socket.send({
      type: 'error',
      id: socket.last('call')['id'],
      code: 'rejected',
      message: 'Too poor',
      retry: false,
    });
    await expect(result).rejects.toMatchObject({ code: 'rejected', message: 'Too poor' });
  });

  it('waits for the connection, and is never sent twice', async () => {
    const { client, server, reconnect } = createHarness();
    const result = client.call('transfer');
    server.socket.accept();
    expect(server.socket.all('call')).toHaveLength(1);
    const second = await reconnect();
    await expect(result).rejects.toMatchObject({ code: 'disconnected', retry: true });
    expect(second.all('call')).toEqual([]);
  });

  it('with an id is sent again with it after a reconnect, until it is answered', async () => {
    const { client, online, reconnect } = createHarness();
    const socket = await online();
    const result = client.call('transfer', { amount: 1 }, { id: 't-1' });
    const frame = { type: 'call', method: 'transfer', params: { amount: 1 }, id: 't-1' };
    expect(socket.all('call')).toEqual([frame]);
    const second = await reconnect();
    expect(second.all('call')).toEqual([frame]);
    second.send({ type: 'result', id: 't-1', data: { ok: true } });
    expect(await result).toEqual({ ok: true });
    expect((await reconnect()).all('call')).toEqual([]);
  });

  it('with an id ends with what the server says, also when it could be tried again', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const result = client.call('transfer', {}, { id: 't-1' });
    socket.send({ type: 'error', id: 't-1', code: 'unavailable', message: 'Not now', retry: true });
    await expect(result).rejects.toMatchObject({ code: 'unavailable', retry: true });
  });

  it('with an id times out, and goes no more', async () => {
    const { client, env, online, reconnect } = createHarness();
    await online();
    const result = client.call('transfer', {}, { id: 't-1', timeout: 50 });
    await env.advance(50);
    await expect(result).rejects.toMatchObject({ code: 'timeout' });
    expect((await reconnect()).all('call')).toEqual([]);
  });

  it('under the id of another is a conflict, under its own the same call', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const both = Promise.all([
      client.call('transfer', { amount: 1 }, { id: 't-1' }),
      client.call('transfer', { amount: 1 }, { id: 't-1' }),
    ]);
    await expect(client.call('transfer', { amount: 2 }, { id: 't-1' })).rejects.toMatchObject({
      code: 'id_conflict',
    });
    socket.send({ type: 'result', id: 't-1', data: 7 });
    expect(await both).toEqual([7, 7]);
    expect(socket.all('call')).toHaveLength(1);
  });

  it('times out', async () => {
    const { client, env, online } = createHarness();
    await online();
    const byDefault = client.call('slow');
    const own = client.call('slow', {}, { timeout: 50 });
    await env.advance(50);
    await expect(own).rejects.toMatchObject({ code: 'timeout' });
    await env.advance(15_000);
    await expect(byDefault).rejects.toMatchObject({ code: 'timeout' });
    expect(client.stats().queued).toBe(0);
  });

  it('ends with its signal, and the late answer changes nothing', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const controller = new AbortController();
    const result = client.call('slow', {}, { signal: controller.signal });
    controller.abort();
    await expect(result).rejects.toMatchObject({ code: 'aborted' });
    socket.send({ type: 'result', id: socket.last('call')['id'], data: 1 });
    expect(client.stats()).toEqual({ malformed: 0, queued: 0 });
  });
});

describe('history', () => {
  it('is read as publications, whatever else comes', async () => {
    const { client, online } = createHarness();
    const socket = await online();
    const page = client.channel('chat:a').history({ since: at(3), limit: 10, reverse: true });
    expect(socket.last('history')).toMatchObject({
      channel: 'chat:a',
      since: at(3),
      limit: 10,
      reverse: true,
    });
    const kept = { channel: 'chat:a', data: 1, ...at(2), timestamp: 5 };
    socket.send({
      type: 'result',
      id: socket.last('history')['id'],
      data: {
        publications: [{ type: 'message', ...kept }, 7, null, { channel: 'x' }],
        position: at(9),
        more: true,
        recovered: true,
      },
    });
    expect(await page).toEqual({
      publications: [{ event: 'message', ...kept }],
      position: at(9),
      more: true,
      recovered: true,
    });
  });

  it('is asked for again when the connection broke before the answer', async () => {
    const { client, online, reconnect } = createHarness();
    await online();
    const page = client.channel('chat:a').history();
    const second = await reconnect();
    second.send({ type: 'result', id: second.last('history')['id'], data: 'nonsense' });
    expect(await page).toEqual({ publications: [], more: false, recovered: false });
  });
});

describe('a frame of a feature', () => {
  it('goes now or not at all', async () => {
    const { client, online } = createHarness();
    expect(client.send({ type: 'typing', channel: 'chat:a' })).toBe(false);
    const socket = await online();
    expect(client.send({ type: 'typing', channel: 'chat:a' })).toBe(true);
    expect(socket.sent).toEqual([{ type: 'typing', channel: 'chat:a' }]);
    socket.close(1006);
    expect(client.send({ type: 'typing', channel: 'chat:a' })).toBe(false);
  });
});
