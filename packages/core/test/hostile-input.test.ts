import { closeCodes, errorCodes, errorInfo, type ErrorCode } from '@thrum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAsync } from './support/random.ts';
import { createWorld } from './support/world.ts';

const names = fc.constantFrom(
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'a',
  '',
  'thrum:x',
  '\u0000',
  '\ud800',
  'x'.repeat(300),
);
const types = fc.constantFrom(
  'auth',
  'subscribe',
  'unsubscribe',
  'message',
  'ack',
  'history',
  'presence',
  'call',
  'ping',
  'welcome',
  '__proto__',
  'constructor',
);
const anything = fc.oneof(fc.jsonValue(), names, fc.constantFrom(-1, 0, 1, 1e9, 1.5, 2 ** 53));
const optional = { requiredKeys: ['type'] as ['type'] };

/** Objects that look like frames, with any value where another is expected. */
const frame = fc
  .record(
    {
      type: fc.oneof({ weight: 6, arbitrary: types }, { weight: 1, arbitrary: anything }),
      id: anything,
      channel: fc.oneof(names, anything),
      data: anything,
      content: anything,
      event: fc.oneof(names, anything),
      since: fc.oneof(anything, fc.constantFrom('latest', { last: 3 }, { epoch: 'x', offset: 1 })),
      offset: anything,
      limit: anything,
      reverse: anything,
      state: anything,
      token: fc.oneof(fc.constantFrom('ada', 'bad'), anything),
      method: fc.oneof(names, anything),
      params: anything,
      ack: fc.oneof(fc.boolean(), anything),
      presence: fc.oneof(fc.boolean(), anything),
      __proto__: anything,
    },
    optional,
  )
  .map((value) => JSON.stringify(value));
const input = fc.oneof(
  { weight: 6, arbitrary: frame },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string() },
  { weight: 1, arbitrary: fc.uint8Array() },
  { weight: 1, arbitrary: frame.map((text) => new TextEncoder().encode(text)) },
);

const documentedCloses = new Set([
  ...Object.values(closeCodes).map(({ code, reason }) => `${code} ${reason}`),
  ...Object.keys(errorCodes).flatMap((code) => {
    const { close } = errorInfo(code as ErrorCode);
    return close === undefined ? [] : [`${close.code} ${close.reason}`];
  }),
]);

describe('hostile input', () => {
  it.each([
    ['before authentication', undefined],
    ['after it', 'ada'],
  ])(
    '%s never throws, and the connection lives or closes by a documented code',
    async (_, user) => {
      await checkAsync(fc.array(input, { maxLength: 30 }), async (messages) => {
        const world = createWorld({
          channels: { '{any*}': { presence: true } },
          methods: { a: { handler: (x) => x } },
        });
        const witness = await world.join('witness', 'a');
        const client = world.connect(user);
        for (const message of messages) client.raw(message);
        await world.advance(100);
        const { closedWith } = client;
        if (closedWith === undefined) {
          client.send({ type: 'ping', id: 'alive' });
          expect(client.answers('alive').at(-1)?.type).toBe('pong');
        } else expect(documentedCloses).toContain(`${closedWith.code} ${closedWith.reason}`);
        for (const answer of client.all('error')) {
          expect(Object.keys(errorCodes)).toContain(answer['code']);
          expect(answer['code'], JSON.stringify(messages)).not.toBe('internal');
        }
        expect(witness.closedWith).toBeUndefined();
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
        client.drop();
        witness.drop();
        await world.advance(6000);
        expect(world.core.channels()).toEqual([]);
      });
    },
    60_000,
  );

  it('never comes back as a channel name that is none', async () => {
    const world = createWorld();
    const client = world.connect('ada');
    const long = 'x'.repeat(60_000);
    client.send({ type: 'subscribe', channel: long });
    client.send({ type: 'none', channel: long });
    client.send({ type: 'call', method: '', channel: 'a\u0000' });
    await world.settle();
    for (const error of client.all('error')) expect(error).not.toHaveProperty('channel');
    expect(client.all('error')).toHaveLength(3);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
    'may name a channel, an event and a user %s like any other',
    async (name) => {
      const world = createWorld({ channels: { '{any*}': { presence: true } } });
      const client = await world.join(name, name, { presence: true });
      client.send({ type: 'message', channel: name, event: name, data: { [name]: 1 }, id: name });
      client.raw('{"type":"message","channel":"other","data":{"__proto__":{"polluted":true}}}');
      await world.settle();
      expect(client.publications(name)[0]).toMatchObject({ type: name, from: name, channel: name });
      expect(client.last('presence')).toMatchObject({ members: [{ userId: name }] });
      expect(world.core.connections()[0]).toMatchObject({ userId: name, channels: [name] });
      const { publications } = await world.core.history('other');
      expect(JSON.stringify(publications[0]?.data)).toBe('{"__proto__":{"polluted":true}}');
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it('in depth does not overflow the stack', async () => {
    const world = createWorld();
    const client = world.connect('ada');
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    for (const field of ['data', 'since', 'state', 'params', 'id', 'channel', 'method', 'other']) {
      client.raw(
        `{"type":"${field === 'state' ? 'presence' : 'message'}","channel":"a","data":1,"${field}":${deep}}`,
      );
    }
    client.raw(deep);
    await world.settle();
    expect(client.closedWith).toBeUndefined();
    expect(client.all('error').length).toBeGreaterThan(4);
  });
});
