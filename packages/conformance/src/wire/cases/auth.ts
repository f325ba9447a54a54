import type { RawClient } from '@thrum/testkit';
import { areInOrder, closesWith, isAlive, isError, range, same, truthy } from '../check.ts';
import { nothing, publications, publish, subscribe, type WireContext } from '../context.ts';
import type { WireCase, WireOptions } from '../options.ts';

/** The three ways a token can come. */
const ways: Readonly<Record<string, (wire: WireContext, token: string) => Promise<RawClient>>> = {
  'in the URL': (wire, token) => wire.dial({ query: `?token=${encodeURIComponent(token)}` }),
  'in the Authorization header': (wire, token) =>
    wire.dial({ headers: { Authorization: `Bearer ${token}` } }),
  'in an auth frame': async (wire, token) => {
    const client = await wire.dial();
    await client.next('welcome');
    client.send({ type: 'auth', token });
    return client;
  },
};

/** What may not come before `auth`. */
const tooEarly: Readonly<Record<string, object>> = {
  subscribe: { type: 'subscribe', channel: 'wire:open:early' },
  unsubscribe: { type: 'unsubscribe', channel: 'wire:open:early' },
  message: { type: 'message', channel: 'wire:open:early', data: 1 },
  ack: { type: 'ack', id: 'm-1' },
  history: { type: 'history', channel: 'wire:open:early' },
  presence: { type: 'presence', channel: 'wire:open:early' },
  call: { type: 'call', method: 'wire.echo' },
  'a frame of an unknown type': { type: 'nonsense' },
};

export function auth(options: WireOptions): readonly WireCase[] {
  return [...accepted, ...refusedTokens(options), ...before, ...renewal];
}

const accepted: readonly WireCase[] = [
  {
    section: 9,
    title: 'without a token welcome asks for one, and an auth frame is answered by auth_success',
    run: async (wire) => {
      const client = await wire.dial();
      const welcome = await client.take();
      same([welcome['authentication'], 'userId' in welcome], ['required', false]);
      const before = Date.now();
      const { expiresAt, ...rest } = await client.ask({
        type: 'auth',
        token: await wire.tokens.valid('alice'),
        id: 'a',
      });
      same(rest, { type: 'auth_success', userId: 'alice', id: 'a' });
      truthy(
        Math.abs((expiresAt as number) - before - 3_600_000) < 120_000,
        'expiresAt is in milliseconds, in an hour',
      );
      await publish(client, wire.channel(), 1);
    },
  },
  ...['in the URL', 'in the Authorization header'].map((way): WireCase => ({
    section: 9,
    title: `a good token ${way} is welcomed as done, and no auth_success follows`,
    run: async (wire) => {
      const client = (await ways[way]?.(wire, await wire.tokens.valid('bob'))) as RawClient;
      const welcome = await client.take();
      same([welcome['authentication'], welcome['userId']], ['done', 'bob']);
      await nothing(client);
    },
  })),
  {
    section: 9,
    title: 'the scheme Bearer may be written in any case',
    run: async (wire) => {
      const client = await wire.dial({
        headers: { Authorization: `bearer ${await wire.tokens.valid('bob')}` },
      });
      same((await client.take())['authentication'], 'done');
    },
  },
  {
    section: 9,
    title: 'frames sent after auth and before its answer wait for it',
    run: async (wire) => {
      const client = await wire.dial();
      const channel = wire.channel();
      client.send({ type: 'auth', token: await wire.tokens.valid('alice') });
      client.send({ type: 'subscribe', channel });
      for (const n of range(1, 10)) client.send({ type: 'message', channel, data: n });
      const isAck = (type: string) => type === 'ack';
      const seen = [];
      while (seen.length < 13) seen.push(await client.next(({ type }) => !isAck(type)));
      same(
        seen.slice(0, 3).map(({ type }) => type),
        ['welcome', 'auth_success', 'subscribed'],
      );
      areInOrder(seen.slice(3), 1, range(1, 10));
    },
  },
];

function refusedTokens({ tokens }: WireOptions): WireCase[] {
  const attacks: Readonly<Record<string, () => string | Promise<string>>> = {
    'no token at all': () => 'nonsense',
    'three empty parts': () => '..',
    'a long text': () => 'x'.repeat(5000),
    ...tokens?.refused,
  };
  return Object.entries(attacks).flatMap(([title, make]) =>
    Object.entries(ways).map(([way, connect]) => refusedToken(title, make, way, connect)),
  );
}

function refusedToken(
  title: string,
  make: () => string | Promise<string>,
  way: string,
  connect: (wire: WireContext, token: string) => Promise<RawClient>,
): WireCase {
  return {
    section: 9,
    title: `${title} ${way} gets invalid_token and 1008 Invalid token`,
    run: async (wire) => {
      const token = await make();
      // What does not fit into a handshake's headers cannot be refused after it.
      if (way !== 'in an auth frame' && token.length > 7000) return;
      const client = await connect(wire, token);
      await closesWith(client, 'invalid_token');
      same(
        client.frames.seen.map(({ type }) => type),
        way === 'in an auth frame' ? ['welcome', 'error'] : ['error'],
      );
      truthy(
        !client.texts.join().includes(token.slice(0, 40)) || token.length < 8,
        'the token is not repeated',
      );
    },
  };
}

const before: readonly WireCase[] = [
  ...Object.entries(tooEarly).map(([title, frame]): WireCase => ({
    section: 9,
    title: `${title} before auth gets authentication_required and 1008 Authentication required`,
    run: async (wire) => {
      const client = await wire.dial();
      await client.next('welcome');
      client.send(frame);
      await closesWith(client, 'authentication_required');
    },
  })),
  {
    section: 2,
    title: 'ping is answered before authentication too',
    run: async (wire) => {
      const client = await wire.dial();
      same(await client.ask({ type: 'ping', id: 'p' }), { type: 'pong', id: 'p' });
      same(
        (await client.ask({ type: 'auth', token: await wire.tokens.valid('alice') })).type,
        'auth_success',
      );
    },
  },
  {
    section: 9,
    title: 'nothing that came with the first forbidden frame is done',
    run: async (wire) => {
      const [reader, client] = [await wire.connect('bob'), await wire.dial()];
      const channel = wire.channel();
      await subscribe(reader, channel);
      await client.next('welcome');
      const token = await wire.tokens.valid('alice');
      client.send({ type: 'message', channel, data: 'early' });
      client.send({ type: 'auth', token });
      client.send({ type: 'message', channel, data: 'late' });
      await closesWith(client, 'authentication_required');
      await publish(reader, channel, 'first');
      areInOrder(await publications(reader, channel, 1), 1, ['first']);
    },
  },
  {
    section: 9,
    title: 'nothing that came after a refused auth is done',
    run: async (wire) => {
      const [reader, client] = [await wire.connect('bob'), await wire.dial()];
      const channel = wire.channel();
      await subscribe(reader, channel);
      await client.next('welcome');
      client.send({ type: 'auth', token: 'nonsense' });
      client.send({ type: 'message', channel, data: 'late' });
      await closesWith(client, 'invalid_token');
      await publish(reader, channel, 'first');
      areInOrder(await publications(reader, channel, 1), 1, ['first']);
    },
  },
];

const renewal: readonly WireCase[] = [
  {
    section: 9,
    title: 'a later auth for the same user renews the session in place, subscriptions and all',
    run: async (wire) => {
      const client = await wire.connect('alice');
      const channel = wire.channel();
      await subscribe(client, channel);
      const answer = await client.ask({
        type: 'auth',
        token: await wire.tokens.valid('alice', { expiresIn: 7200 }),
      });
      same([answer.type, answer['userId']], ['auth_success', 'alice']);
      truthy((answer['expiresAt'] as number) > Date.now() + 5_400_000, 'the session ends later now');
      await publish(client, channel, 1);
      areInOrder(await publications(client, channel, 1), 1, [1]);
    },
  },
  {
    section: 9,
    title: 'a later auth for another user gets user_mismatch, and the connection stays as it is',
    run: async (wire) => {
      const client = await wire.connect('bob');
      const channel = wire.channel();
      await subscribe(client, channel);
      isError(
        await client.ask({ type: 'auth', token: await wire.tokens.valid('alice'), id: 'x' }),
        'user_mismatch',
        {
          id: 'x',
        },
      );
      isError(await client.ask({ type: 'subscribe', channel: wire.channel('private') }), 'access_denied');
      await publish(client, channel, 1);
      same((await client.next('message'))['from'], 'bob');
    },
  },
  {
    section: 9,
    title: 'a refused renewal closes like any refused token',
    run: async (wire) => {
      const client = await wire.connect('alice');
      client.send({ type: 'auth', token: 'nonsense' });
      await closesWith(client, 'invalid_token');
    },
  },
  {
    section: 9,
    title: 'a token that runs out ends the session; one that was renewed in time does not',
    run: async (wire) => {
      const token = await wire.tokens.valid('alice', { expiresIn: 3 });
      const [renewed, forgotten] = [
        await wire.dial({ query: `?token=${token}` }),
        await wire.dial({ query: `?token=${token}` }),
      ];
      await renewed.next('welcome');
      await forgotten.next('welcome');
      await renewed.ask({ type: 'auth', token: await wire.tokens.valid('alice') });
      isError(await forgotten.next('error', 30_000), 'session_expired');
      same(await forgotten.closed(), { code: 1008, reason: 'Session expired' });
      await isAlive(renewed);
    },
  },
];
