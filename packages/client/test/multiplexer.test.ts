import { describe, expect, it } from 'vitest';
import { createLeader } from '../src/tabs/leader.ts';
import { createMultiplexer } from '../src/tabs/multiplexer.ts';

type Frame = Record<string, unknown>;

const setUp = () => {
  const sent: Frame[] = [];
  const told: (readonly [string, Frame])[] = [];
  const multiplexer = createMultiplexer(
    { send: (data) => sent.push(JSON.parse(data as string) as Frame) },
    (members, data) => members.forEach((member) => told.push([member, JSON.parse(data) as Frame])),
  );
  multiplexer.attach('a');
  multiplexer.attach('b');
  return {
    multiplexer,
    sent,
    up: (member: string, frame: Frame): Frame | undefined => {
      const before = sent.length;
      multiplexer.up(member, JSON.stringify(frame));
      return sent[before];
    },
    down: (frame: Frame): (readonly [string, Frame])[] => {
      told.length = 0;
      multiplexer.down(JSON.stringify(frame));
      return [...told];
    },
    told,
  };
};

const position = { epoch: 'e', offset: 7 };
const publication = { type: 'message', channel: 'c', data: 1, epoch: 'e', offset: 8, timestamp: 1 };

describe('one connection for several sockets', () => {
  it('gives each the answers to its own frames, under the ids it gave them', () => {
    const { up, down } = setUp();
    const first = up('a', { type: 'history', channel: 'c', id: 1 });
    const second = up('b', { type: 'history', channel: 'c', id: 1 });
    expect(first?.['id']).not.toBe(second?.['id']);
    expect(down({ type: 'result', data: 'B', id: second?.['id'] })).toEqual([
      ['b', { type: 'result', data: 'B', id: 1 }],
    ]);
    expect(down({ type: 'result', data: 'A', id: first?.['id'] })).toEqual([
      ['a', { type: 'result', data: 'A', id: 1 }],
    ]);
    expect(down({ type: 'result', data: 'A', id: first?.['id'] })).toEqual([]);
  });

  it('tells the auth frames of two sockets apart, though their ids are one', () => {
    const { up, down } = setUp();
    up('a', { type: 'auth', token: 't', id: 'thrum:auth' });
    const second = up('b', { type: 'auth', token: 't', id: 'thrum:auth' });
    expect(down({ type: 'auth_success', userId: 'u', id: second?.['id'] })).toEqual([
      ['b', { type: 'auth_success', userId: 'u', id: 'thrum:auth' }],
    ]);
  });

  it('asks for as many publications as the one who wants most', () => {
    const { up } = setUp();
    const subscribe = { type: 'subscribe', channel: 'c' };
    expect(up('a', { ...subscribe, maxRate: 1 })).toMatchObject({ maxRate: 1 });
    expect(up('b', { ...subscribe, maxRate: 5 })).toMatchObject({ maxRate: 5 });
    expect(up('a', { ...subscribe, maxRate: 0.1 })).toMatchObject({ maxRate: 5 });
    expect(up('b', subscribe)).not.toHaveProperty('maxRate');
    expect(up('a', { ...subscribe, maxRate: 2 })).not.toHaveProperty('maxRate');
  });

  it('leaves idempotency keys as they are, and answers everybody who used one', () => {
    const { up, down } = setUp();
    const frame = { type: 'message', channel: 'c', data: 1, id: 'key' };
    expect(up('a', frame)).toEqual(frame);
    expect(up('b', { ...frame, follows: 'other' })).toEqual({ ...frame, follows: 'other' });
    const ack = { type: 'ack', channel: 'c', id: 'key' };
    expect(down(ack)).toEqual([
      ['a', ack],
      ['b', ack],
    ]);
  });

  it('asks for what any of them wants of a channel, and from where the others are', () => {
    const { up, down } = setUp();
    const first = up('a', { type: 'subscribe', channel: 'c', presence: true, id: 1 });
    expect(first).toMatchObject({ presence: true });
    expect(first).not.toHaveProperty('since');
    down({ type: 'subscribed', channel: 'c', position, recovered: false, id: first?.['id'] });
    expect(up('b', { type: 'subscribe', channel: 'c', ack: true, id: 1 })).toMatchObject({
      presence: true,
      ack: true,
      since: position,
    });
    down(publication);
    expect(up('b', { type: 'subscribe', channel: 'c', id: 2 })).toMatchObject({
      since: { epoch: 'e', offset: 8 },
    });
    const own = { epoch: 'e', offset: 2 };
    expect(up('b', { type: 'subscribe', channel: 'c', since: own, id: 3 })).toMatchObject({ since: own });
  });

  it('gives publications to those who are in the channel, and all else to everybody', () => {
    const { up, down } = setUp();
    up('a', { type: 'subscribe', channel: 'c', id: 1 });
    expect(down({ ...publication, id: 'its own' })).toEqual([['a', { ...publication, id: 'its own' }]]);
    const pong = { type: 'pong' };
    expect(down(pong)).toEqual([
      ['a', pong],
      ['b', pong],
    ]);
  });

  it('tells of members only who asked for them: a part of the list would be taken for the whole', () => {
    const { up, down } = setUp();
    up('a', { type: 'subscribe', channel: 'c', id: 1 });
    up('b', { type: 'subscribe', channel: 'c', presence: true, id: 1 });
    const joined = { type: 'joined', channel: 'c', member: { userId: 'u', metas: [] } };
    expect(down(joined)).toEqual([['b', joined]]);
  });

  it('leaves a channel with the last one, and answers the others itself', () => {
    const { up, down, told } = setUp();
    up('a', { type: 'subscribe', channel: 'c', id: 1 });
    up('b', { type: 'subscribe', channel: 'c', id: 1 });
    told.length = 0;
    expect(up('a', { type: 'unsubscribe', channel: 'c', id: 2 })).toBeUndefined();
    expect(told).toEqual([['a', { type: 'unsubscribed', channel: 'c', id: 2 }]]);
    expect(down(publication)).toEqual([['b', publication]]);
    expect(up('b', { type: 'unsubscribe', channel: 'c', id: 2 })).toMatchObject({ type: 'unsubscribe' });
  });

  it('leaves what only one that is gone was in', () => {
    const { up, multiplexer, sent } = setUp();
    up('a', { type: 'subscribe', channel: 'c', id: 1 });
    up('b', { type: 'subscribe', channel: 'c', id: 1 });
    up('b', { type: 'subscribe', channel: 'd', id: 2 });
    multiplexer.detach('b');
    expect(sent.slice(3)).toEqual([{ type: 'unsubscribe', channel: 'd' }]);
  });

  it('confirms what every one of them has confirmed', () => {
    const { up } = setUp();
    up('a', { type: 'subscribe', channel: 'c', ack: true, id: 1 });
    up('b', { type: 'subscribe', channel: 'c', ack: true, id: 1 });
    const ack = (member: string, offset: number, epoch = 'e'): unknown =>
      up(member, { type: 'ack', channel: 'c', epoch, offset })?.['offset'];
    expect(ack('a', 5)).toBe(0);
    expect(ack('b', 3)).toBe(3);
    expect(ack('b', 9)).toBe(5);
    // What was confirmed of another log says nothing of this one.
    expect(ack('a', 1, 'f')).toBe(0);
  });

  it('forgets who was refused', () => {
    const { up, down } = setUp();
    const asked = up('a', { type: 'subscribe', channel: 'c', id: 1 });
    up('b', { type: 'subscribe', channel: 'c', id: 1 });
    down({ type: 'error', code: 'access_denied', message: '', retry: false, id: asked?.['id'] });
    expect(down(publication).map(([member]) => member)).toEqual(['b']);
  });

  it('passes on what is no frame, for each to judge', () => {
    const { multiplexer, told } = setUp();
    for (const data of ['7', 'null', '[]']) multiplexer.down(data);
    expect(told.map(([member, data]) => [member, data])).toEqual([
      ['a', 7],
      ['b', 7],
      ['a', null],
      ['b', null],
      ['a', []],
      ['b', []],
    ]);
  });
});

describe('whoever leads', () => {
  /** A socket that a test opens, feeds and ends. */
  const createSocket = () => {
    const closes: (number | undefined)[] = [];
    const socket = Object.assign(new EventTarget(), {
      readyState: 1,
      binaryType: '',
      send: () => {},
      close: (code?: number) => closes.push(code),
    });
    const emit = (type: string, fields: object): void => {
      socket.dispatchEvent(Object.assign(new Event(type), fields));
    };
    return { socket, closes, emit };
  };

  const setUpLeader = () => {
    const dialed: ReturnType<typeof createSocket>[] = [];
    const told: (readonly [readonly string[], object])[] = [];
    const leader = createLeader(
      () => {
        const made = createSocket();
        dialed.push(made);
        return made.socket;
      },
      (members, news) => told.push([members, news]),
    );
    return { leader, dialed, told };
  };

  it('connects once, and ends the connection with the last member', () => {
    const { leader, dialed } = setUpLeader();
    leader.attach('p/1');
    leader.attach('q/1');
    leader.attach('q/2');
    expect(dialed.length).toBe(1);
    leader.detach('q');
    expect(dialed[0]?.closes).toEqual([]);
    leader.detach('p/1', 1000);
    expect(dialed[0]?.closes).toEqual([1000]);
    leader.attach('p/2');
    expect(dialed.length).toBe(2);
  });

  it('tells all of them how the connection ended', () => {
    const { leader, dialed, told } = setUpLeader();
    leader.attach('p/1');
    leader.attach('q/1');
    dialed[0]?.emit('close', { code: 1008, reason: 'Session expired' });
    expect(told).toEqual([[['p/1', 'q/1'], { close: { code: 1008, reason: 'Session expired' } }]]);
  });

  it('makes a new connection for those who come back while the server drains the old one', () => {
    const { leader, dialed } = setUpLeader();
    leader.attach('p/1');
    leader.attach('q/1');
    dialed[0]?.emit('message', { data: '{"type":"reconnect","after":5000}' });
    leader.detach('p/1', 1000);
    leader.attach('p/2');
    expect(dialed.length).toBe(2);
    expect(dialed[0]?.closes).toEqual([]);
    leader.detach('q/1', 1000);
    expect(dialed.map(({ closes }) => closes)).toEqual([[1000], []]);
  });

  it('ends a connection in which one of them hears nothing', () => {
    const { leader, dialed, told } = setUpLeader();
    leader.attach('p/1');
    leader.attach('q/1');
    leader.detach('q/1', 4000);
    expect(dialed[0]?.closes).toEqual([1000]);
    expect(told.at(-1)).toEqual([['p/1'], { close: { code: 1006, reason: '' } }]);
  });
});
