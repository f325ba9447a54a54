import { describe, expect, it } from 'vitest';
import type { Auth, Identity } from '../src/index.ts';
import { TestClient } from './support/client.ts';
import { createWorld } from './support/world.ts';

const over = (code: string, reason: string) => ({
  error: expect.objectContaining({ type: 'error', code }),
  close: { code: 1008, reason },
});

describe('a connection without a token', () => {
  it('is asked for one, and has five seconds', async () => {
    const world = createWorld();
    const client = world.connect(undefined);
    expect(client.frames[0]).toMatchObject({ type: 'welcome', authentication: 'required' });
    expect(client.frames[0]).not.toHaveProperty('userId');
    await world.advance(4900);
    expect(client.closedWith).toBeUndefined();
    await world.advance(350);
    const { error, close } = over('authentication_timeout', 'Authentication timeout');
    expect(client.frames.at(-1)).toEqual(error);
    expect(client.closedWith).toEqual(close);
  });

  it('may ping, and is closed by any other frame', async () => {
    const world = createWorld();
    for (const frame of [
      { type: 'subscribe', channel: 'a' },
      { type: 'message', channel: 'a', data: 1 },
      { type: 'none' },
    ]) {
      const client = world.connect(undefined);
      client.send({ type: 'ping' });
      expect(client.frames.at(-1)).toEqual({ type: 'pong' });
      client.send(frame);
      const { error, close } = over('authentication_required', 'Authentication required');
      expect(client.frames.at(-1)).toEqual(error);
      expect(client.closedWith).toEqual(close);
    }
    await world.settle();
    expect(world.broker.appended).toEqual([]);
  });

  it('authenticates with its first message', async () => {
    const world = createWorld({
      auth: { authenticate: () => ({ userId: 'ada', expiresAt: Date.UTC(2027, 0) }) },
    });
    const client = world.connect(undefined);
    client.send({ type: 'auth', token: 'x', id: 1 });
    await world.settle();
    expect(client.last('auth_success')).toEqual({
      type: 'auth_success',
      userId: 'ada',
      expiresAt: Date.UTC(2027, 0),
      id: 1,
    });
    await world.advance(10_000);
    expect(client.closedWith).toBeUndefined();
  });

  it('may stay where anonymous connections may, and say later who it is while it has joined nothing', async () => {
    const world = createWorld({ auth: { anonymous: true, authenticate: (token) => ({ userId: token }) } });
    const client = world.connect(undefined);
    expect(client.frames[0]).toMatchObject({ authentication: 'optional', userId: `anonymous:${client.id}` });
    client.send({ type: 'auth', token: 'ada' });
    await world.settle();
    expect(client.last('auth_success')).toMatchObject({ userId: 'ada' });
    expect(world.core.disconnect(`anonymous:${client.id}`)).toBe(0);
    expect(world.core.connections()[0]?.userId).toBe('ada');
    const other = world.connect(undefined);
    other.send({ type: 'subscribe', channel: 'a' });
    other.send({ type: 'auth', token: 'bob', id: 2 });
    await world.settle();
    expect(other.answers(2)[0]).toMatchObject({ code: 'user_mismatch' });
    expect(other.closedWith).toBeUndefined();
  });
});

describe('a token', () => {
  it.each([
    ['refused', 'bad'],
    ['empty', ''],
    ['longer than 8 KiB', 'x'.repeat(8193)],
  ])('that is %s closes', async (_, token) => {
    const world = createWorld();
    const client = world.connect(undefined);
    client.send({ type: 'auth', token, id: 1 });
    await world.settle();
    const { error, close } = over('invalid_token', 'Invalid token');
    expect(client.frames.at(-1)).toEqual(error);
    expect(client.frames.at(-1)).toMatchObject({ message: 'Invalid token', id: 1 });
    expect(client.closedWith).toEqual(close);
    expect(JSON.stringify(world.lines)).not.toContain('xxxx');
  });

  it.each<[string, unknown]>([
    ['no identity', undefined],
    ['no user id', {}],
    ['an empty user id', { userId: '' }],
    ['a user id that is a number', { userId: 7 }],
    ['a user id with a control character', { userId: 'a\u0000b' }],
    ['a user id that is too long', { userId: 'x'.repeat(256) }],
    ['a session that is over', { userId: 'ada', expiresAt: 1 }],
    ['an end that is no number', { userId: 'ada', expiresAt: Number.NaN }],
  ])('that gives %s is refused', async (_, identity) => {
    const { core } = createWorld({ auth: { authenticate: () => identity as Identity } });
    expect(await core.authenticate('x')).toEqual({ ok: false, code: 'invalid_token' });
  });

  it('of the handshake is welcomed by name, or refused without welcome', () => {
    const world = createWorld();
    expect(world.connect('ada').frames[0]).toMatchObject({
      type: 'welcome',
      authentication: 'done',
      userId: 'ada',
    });
    const refused = new TestClient(world.core, { authentication: { ok: false, code: 'invalid_token' } });
    expect(refused.frames).toEqual([expect.objectContaining({ type: 'error', code: 'invalid_token' })]);
    expect(refused.closedWith).toEqual({ code: 1008, reason: 'Invalid token' });
  });

  it('that takes long to check does nothing for a connection that is gone', async () => {
    let decide: ((identity: Identity) => void) | undefined;
    const world = createWorld({ auth: { authenticate: () => new Promise((resolve) => (decide = resolve)) } });
    const client = world.connect(undefined);
    client.send({ type: 'auth', token: 'x' });
    client.drop();
    decide?.({ userId: 'ada' });
    await world.settle();
    expect(world.core.connections()).toEqual([]);
    expect(world.core.disconnect('ada')).toBe(0);
  });
});

describe('a session', () => {
  it('that ends closes, unless it was renewed in time', async () => {
    const world = createWorld({
      auth: { authenticate: () => ({ userId: 'ada', expiresAt: world.env.now() + 10_000 }) },
    });
    const [kept, lost] = [world.connect(undefined), world.connect(undefined)];
    for (const client of [kept, lost]) client.send({ type: 'auth', token: 'x' });
    await world.advance(8000);
    kept.send({ type: 'auth', token: 'x', id: 1 });
    await world.advance(2250);
    expect(kept.closedWith).toBeUndefined();
    expect(kept.all('auth_success')).toHaveLength(2);
    const { error, close } = over('session_expired', 'Session expired');
    expect(lost.frames.at(-1)).toEqual(error);
    expect(lost.closedWith).toEqual(close);
  });

  it('renewed for another user is refused, and goes on', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    client.send({ type: 'auth', token: 'bob', id: 1 });
    await world.settle();
    expect(client.answers(1)[0]).toMatchObject({ code: 'user_mismatch' });
    expect(world.core.connections()[0]).toMatchObject({ userId: 'ada', channels: ['a'] });
  });

  it('refused in renewal closes', async () => {
    const world = createWorld();
    const client = await world.join('ada', 'a');
    client.send({ type: 'auth', token: 'bad' });
    await world.settle();
    expect(client.closedWith).toEqual({ code: 1008, reason: 'Invalid token' });
  });

  const validated = (validate: NonNullable<Auth['validate']>) =>
    createWorld({ auth: { authenticate: (token) => ({ userId: token }), validate } });

  it('is validated every five minutes and closed by a no', async () => {
    const asked: string[] = [];
    const world = validated(({ userId }) => asked.push(userId) < 2);
    const client = world.connect('ada');
    await world.advance(300_000);
    expect(client.closedWith).toBeUndefined();
    await world.advance(300_250);
    expect(asked).toEqual(['ada', 'ada']);
    expect(client.closedWith).toEqual({ code: 1008, reason: 'Session expired' });
  });

  it.each<[string, NonNullable<Auth['validate']>]>([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['never answers', () => new Promise(() => {})],
  ])('is kept when validation %s', async (_, validate) => {
    const world = validated(validate);
    const client = world.connect('ada');
    await world.advance(700_000);
    expect(client.closedWith).toBeUndefined();
  });

  it('renewed while the old one is validated is not closed by the old one’s no', async () => {
    let answer: ((valid: boolean) => void) | undefined;
    const world = validated(() => new Promise((resolve) => (answer = resolve)));
    const client = world.connect('ada');
    await world.advance(300_250);
    client.send({ type: 'auth', token: 'ada' });
    await world.settle();
    answer?.(false);
    await world.settle();
    expect(client.closedWith).toBeUndefined();
  });

  it('is counted once when its connection takes its time to close', async () => {
    const world = createWorld();
    const client = world.connect('ada', { closes: 'never', identity: { expiresAt: world.env.now() + 1000 } });
    await world.advance(10_000);
    expect(client.all('error')).toHaveLength(1);
    expect(world.core.metrics.errors).toBe(1);
  });

  it('is not moved by a jump of the wall clock but where the clock decides', async () => {
    const world = createWorld();
    const client = world.connect(undefined);
    world.env.jump(3_600_000);
    await world.advance(1000);
    expect(client.closedWith).toBeUndefined();
    world.env.jump(-7_200_000);
    await world.advance(4250);
    expect(client.closedWith?.reason).toBe('Authentication timeout');
  });
});

describe('disconnect', () => {
  it('closes all of a user’s connections for good, and nobody else’s', async () => {
    const world = createWorld();
    const tabs = [await world.join('ada', 'a'), world.connect('ada')];
    const other = world.connect('bob');
    expect(world.core.disconnect('ada')).toBe(2);
    for (const tab of tabs) expect(tab.closedWith).toEqual({ code: 4500, reason: 'Disconnected' });
    expect(other.closedWith).toBeUndefined();
    await world.settle();
    expect(world.core.disconnect('ada')).toBe(0);
  });
});
