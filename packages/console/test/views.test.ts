import { expect, test } from 'vitest';
import {
  ConnectionWatch,
  secondsUntil,
  type ConnectionInfo,
  type ConnectionState,
} from '../src/lib/connection.ts';
import { initials, nameOf, peopleOf } from '../src/lib/members.ts';
import { channelOfRoom, hashOfRoom, roomFromHash, roomProblem } from '../src/lib/room-name.ts';
import { typingSentence } from '../src/lib/typing.ts';

test('the connection is one value with the time of the next attempt', () => {
  let tell: (state: ConnectionState, info: ConnectionInfo) => void = () => {};
  let connects = 0;
  const source = {
    state: 'connecting' as ConnectionState,
    userId: undefined,
    transport: undefined as 'sse' | undefined,
    connect: () => void connects++,
    onStateChange: (listener: typeof tell) => {
      tell = (state, info) => {
        source.state = state;
        listener(state, info);
      };
      return () => {};
    },
  };
  const watch = new ConnectionWatch(source, () => 1000);
  expect(watch.view.get()).toEqual({
    state: 'connecting',
    retryAt: undefined,
    reason: undefined,
    userId: undefined,
    transport: undefined,
  });
  source.transport = 'sse';
  tell('connected', {});
  expect(watch.view.get().transport).toBe('sse');
  tell('reconnecting', { code: 1006, reason: '', retryIn: 2000 });
  expect(watch.view.get()).toMatchObject({ state: 'reconnecting', retryAt: 3000, reason: 'Connection lost' });
  watch.retry();
  expect(watch.view.get().retryAt).toBeUndefined();
  expect(connects).toBe(1);
  tell('reconnecting', { error: new Error('Server unreachable'), retryIn: 1 });
  expect(watch.view.get().reason).toBe('Server unreachable');
  tell('failed', { code: 1008, reason: 'Invalid token' });
  expect(watch.view.get().reason).toBe('Invalid token');
  tell('reconnecting', { code: 1011, reason: '' });
  expect(watch.view.get().reason).toBe('Closed with 1011');
});

test('a countdown is in whole seconds and ends at zero', () => {
  expect([secondsUntil(2001, 1000), secondsUntil(2000, 1000), secondsUntil(999, 1000)]).toEqual([2, 1, 0]);
});

test('two tabs of one user are one person, under the name given last', () => {
  const meta = (name: string, joinedAt: number) => ({ connectionId: name, joinedAt, state: { name } });
  const members = [
    { userId: 'g', metas: [meta('Grace', 1)] },
    { userId: 'a', metas: [meta('Countess', 2), meta('Ada', 1)] },
    { userId: 'b', metas: [] },
  ];
  expect(peopleOf(members, 'g')).toEqual([
    { userId: 'g', name: 'Grace', tabs: 1, self: true },
    { userId: 'b', name: 'b', tabs: 0, self: false },
    { userId: 'a', name: 'Countess', tabs: 2, self: false },
  ]);
});

test.each([null, 'x', { name: 7 }, { name: '' }, undefined])(
  'a member whose state is %j goes by its user id',
  (state) => {
    expect(nameOf({ userId: 'u', metas: [{ connectionId: 'c', joinedAt: 1, state }] })).toBe('u');
  },
);

test('initials take the first and last word, and whole characters', () => {
  expect(['Ada King Lovelace', 'ada', '🦊 Fox', ''].map(initials)).toEqual(['AL', 'A', '🦊F', '']);
});

test('a sentence for those who type', () => {
  const names = ['Ada', 'Finn', 'Grace'];
  expect([0, 1, 2, 3].map((count) => typingSentence(names.slice(0, count)))).toEqual([
    '',
    'Ada is typing',
    'Ada and Finn are typing',
    '3 people are typing',
  ]);
});

test('the address names the room, there and back', () => {
  expect(roomFromHash(hashOfRoom('tea & cake'))).toBe('tea & cake');
  expect(roomFromHash('#100%')).toBe('100%');
  expect(roomFromHash('')).toBe('lobby');
  expect(roomFromHash('#%01')).toBe('lobby');
  expect(channelOfRoom('lobby')).toBe('chat:lobby');
});

test('a name that cannot be a room is told why', () => {
  expect(roomProblem('lobby')).toBeUndefined();
  expect(roomProblem('  ')).toBe('needs a name');
  expect(roomProblem('a:b')).toContain('colon');
  expect(roomProblem('x'.repeat(300))).toContain('255 bytes');
});
