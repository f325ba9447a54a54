import { expect, test } from 'vitest';
import { cleanName, IdentityStore } from '../src/lib/identity.ts';
import { friendlyName } from '../src/lib/random.ts';

interface Rig {
  readonly asked: unknown[];
  readonly open: () => IdentityStore;
}

function rig(answer: () => Promise<Response>, isOnline: () => boolean = () => true): Rig {
  const kept = new Map<string, string>();
  const asked: unknown[] = [];
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    asked.push([url, JSON.parse(String(init.body))]);
    return answer();
  };
  return { asked, open: () => new IdentityStore({ storage, fetch, isOnline }) };
}

const json = (body: unknown, status = 200): Promise<Response> =>
  Promise.resolve(Response.json(body, { status }));

test('the server names the user once, and a reload is the same one', async () => {
  const { open, asked } = rig(() => json({ token: 't', userId: 'u1', name: 'Ada' }));
  const identity = open();
  identity.rename('  Ada   Lovelace ');
  await expect(identity.getToken()).resolves.toBe('t');
  const reloaded = open();
  expect(reloaded.current.get()).toEqual({ name: 'Ada Lovelace', userId: 'u1' });
  await reloaded.getToken();
  expect(asked).toEqual([
    ['playground/token', { name: 'Ada Lovelace' }],
    ['playground/token', { name: 'Ada Lovelace', userId: 'u1' }],
  ]);
});

test('a server that gives no tokens makes a guest', async () => {
  await expect(
    rig(() => json({}, 404))
      .open()
      .getToken(),
  ).resolves.toBeNull();
});

test.each([
  ['an error', () => json({}, 500), 'The token endpoint answered 500'],
  ['an answer without a token', () => json({ userId: 'u' }), 'The token endpoint sent no token'],
  ['an answer that is nothing', () => json(null), 'The token endpoint sent no token'],
  ['no answer', () => Promise.reject(new TypeError('Failed to fetch')), 'Server unreachable'],
])('%s is a failed attempt with a sentence', async (_, answer, sentence) => {
  await expect(rig(answer).open().getToken()).rejects.toThrow(sentence);
});

test('offline, nobody is asked', async () => {
  const { open, asked } = rig(
    () => json({ token: 't' }),
    () => false,
  );
  await expect(open().getToken()).rejects.toThrow('offline');
  expect(asked).toEqual([]);
});

test('a blank name changes nothing, and a long one is cut', () => {
  const identity = rig(() => json({})).open();
  const before = identity.current.get();
  identity.rename('   ');
  expect(identity.current.get()).toBe(before);
  expect(cleanName('x'.repeat(99))).toHaveLength(32);
  expect(cleanName('🦊'.repeat(99))).toBe('🦊'.repeat(32));
  expect(cleanName(' a\u0000\ud800 b ')).toBe('a b');
});

test.each(['not json', '{}', '{"name":""}', '{"name":7}', 'null'])(
  'a stored identity of %s begins anew',
  (stored) => {
    const storage = { getItem: () => stored, setItem: () => {} };
    const identity = new IdentityStore({ storage, fetch: () => json({}), isOnline: () => true });
    expect(identity.current.get().name).toMatch(/^\w+ \w+$/);
  },
);

test('a storage that throws costs only the memory', () => {
  const fail = (): never => {
    throw new Error('forbidden');
  };
  const identity = new IdentityStore({
    storage: { getItem: fail, setItem: fail },
    fetch: () => json({}),
    isOnline: () => true,
  });
  identity.rename('Ada');
  expect(identity.current.get().name).toBe('Ada');
});

test('a friendly name is two words, whatever the dice say', () => {
  for (const dice of [0, 0.5, 0.999_999]) expect(friendlyName(() => dice)).toMatch(/^\w+ \w+$/);
});
