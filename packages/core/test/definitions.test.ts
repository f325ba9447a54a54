import type { Limits, Schema } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { compileDefinitions } from '../src/channel/definitions.ts';
import { type ChannelDefinition, type Duration, type Hooks, toMilliseconds } from '../src/index.ts';
import { createWorld } from './support/world.ts';

const any: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };

const compile = (channels: Record<string, unknown>, durable = false) =>
  compileDefinitions(channels as Record<string, ChannelDefinition>, durable);

describe('channel definitions', () => {
  it('have the documented defaults', () => {
    const match = compile({ 'chat:{room}': {} })('chat:lobby');
    expect(match?.params).toEqual({ room: 'lobby' });
    expect(match?.rules).toMatchObject({
      tier: 'recoverable',
      presence: false,
      slow: 'disconnect',
      retention: { size: 100, ttl: 300_000 },
    });
  });

  it('apply the most specific one to a name, and none to a name that fits nowhere', () => {
    const find = compile({ 'chat:{room}': {}, 'chat:lobby': { presence: true } });
    expect(find('chat:lobby')?.rules.presence).toBe(true);
    expect(find('chat:x')?.rules.presence).toBe(false);
    expect(find('other')).toBeUndefined();
    expect(find('__proto__')).toBeUndefined();
    expect(find('constructor')).toBeUndefined();
  });

  it('may have any character of a channel name in their literal parts', () => {
    const find = compile({ 'my-channel/v1.2 (new)': {}, 'user-{id}': {} });
    expect(find('my-channel/v1.2 (new)')).toBeDefined();
    expect(find('my-channel/v1x2 (new)')).toBeUndefined();
    expect(find('user-7')?.params).toEqual({ id: '7' });
  });

  it('two patterns that fit the same names are refused, both named', () => {
    expect(() => compile({ 'chat:{room}': {}, 'chat:{id}': {} })).toThrow(
      'channel patterns "chat:{room}" and "chat:{id}" fit the same names',
    );
  });

  it.each([
    [{ '': {} }, 'it is empty'],
    [{ 'thrum:x': {} }, 'reserved prefix'],
    [{ a: { tier: 'durable' } }, 'channel "a": tier "durable" needs a broker that keeps its log on disk'],
    [
      { a: { tier: 'ephemeral', history: { size: 1 } } },
      'channel "a": an ephemeral channel keeps no history',
    ],
    [{ a: { events: { ack: any } } }, 'channel "a": event "ack" is one of the protocol’s own names'],
    [{ a: { history: { size: 0 } } }, 'channel "a": history.size: expected a whole number from 1, got 0'],
    [{ a: { history: { size: 1.5 } } }, 'got 1.5'],
    [{ a: { history: { ttl: '5 minutes' } } }, 'channel "a": history.ttl: expected a duration'],
    [{ a: { history: { ttl: -1 } } }, 'channel "a": history.ttl: expected a duration'],
    [{ a: { presense: true } }, 'channel "a": unknown option "presense"; did you mean "presence"?'],
    [{ a: { history: { length: 5 } } }, 'channel "a": history: unknown option "length"; there are size, ttl'],
    [{ a: { slow: 'pause' } }, 'channel "a": slow: expected one of disconnect, drop-oldest, latest-per-key'],
    [{ a: { slow: null } }, 'channel "a": slow: expected one of'],
    [{ a: { slow: 'latest-per-key', key: '' } }, 'channel "a": key: expected the name of a property'],
    [{ a: { slow: 'latest-per-key', key: 7 } }, 'channel "a": key: expected the name of a property'],
    [{ a: { conflate: { every: 100, key: '' } } }, 'channel "a": key: expected the name of a property'],
    [{ a: { key: 'x', conflate: { every: 100, key: 'y' } } }, 'channel "a": key: given twice'],
    [{ a: { conflate: {} } }, 'channel "a": conflate.every: expected a duration from 1 ms to 1 minute'],
    [{ a: { conflate: { every: 0 } } }, 'such as 100 or "1s", got 0'],
    [{ a: { conflate: { every: '2m' } } }, 'such as 100 or "1s", got "2m"'],
    [{ a: { conflate: { every: 'often' } } }, 'channel "a": conflate.every: expected a duration'],
    [{ a: { conflate: { evry: 100 } } }, 'channel "a": conflate: unknown option "evry"'],
  ])('%j is refused, with the place', (channels, sentence) => {
    expect(() => compile(channels)).toThrow(sentence);
  });

  it('may be durable on a durable broker', () => {
    expect(compile({ a: { tier: 'durable' } }, true)('a')?.rules.tier).toBe('durable');
  });
});

describe('a duration', () => {
  it.each<[Duration, number]>([
    [500, 500],
    [0, 0],
    ['250ms', 250],
    ['1.5s', 1500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %d milliseconds', (duration, ms) => {
    expect(toMilliseconds(duration)).toBe(ms);
  });

  it.each([-1, Number.NaN, Infinity, '', '5', '5 s', '-5s', 's', '1e3s', '5w', ' 5s', null, undefined, {}])(
    '%j is refused with what was expected and what came',
    (duration) => {
      expect(() => toMilliseconds(duration as Duration)).toThrow(
        'expected a duration such as 500, "30s", "5m"',
      );
    },
  );
});

describe('hooks', () => {
  it('of an unknown name are refused, not passed over', () => {
    const hooks = { conect: () => undefined } as Hooks;
    expect(() => createWorld({ hooks })).toThrow('unknown hook "conect"; did you mean "connect"?');
  });
});

describe('limits', () => {
  it.each([0, -1, Number.NaN, '5', null])('of %j are refused by name', (value) => {
    expect(() => createWorld({ limits: { channels: value as number } })).toThrow(
      `limit "channels": expected a number above 0, got ${String(value)}`,
    );
  });

  it('of an unknown name are refused, not passed over', () => {
    const limits = { chanels: 5 } as Partial<Limits>;
    expect(() => createWorld({ limits })).toThrow('unknown limit "chanels"; did you mean "channels"?');
  });

  it('are told in welcome', () => {
    const { connect } = createWorld({
      limits: { channels: 7, rate: 9, historyPage: 20, pingSeconds: 10 },
      node: 'n1',
    });
    expect(connect('ada').frames).toEqual([
      expect.objectContaining({
        type: 'welcome',
        message: 'Connected to server',
        protocol: 1,
        authentication: 'done',
        userId: 'ada',
        heartbeat: { interval: 10_000, timeout: 35_000 },
        limits: { message: 65_536, channels: 7, rate: 9, history: 20 },
        node: 'n1',
      }),
    ]);
  });
});
