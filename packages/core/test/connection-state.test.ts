import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admits, type ConnectionInput, type ConnectionState, nextState } from '../src/connection/state.ts';
import { check, checkAsync } from './support/random.ts';
import { createWorld } from './support/world.ts';

const inputs = fc.constantFrom<ConnectionInput>('authenticated', 'close', 'gone');

describe('the connection state table', () => {
  it('never leaves closed, and leaves closing only for closed', () => {
    check(fc.array(inputs, { maxLength: 20 }), (sequence) => {
      let state: ConnectionState = 'waiting';
      for (const input of sequence) {
        const next = nextState(state, input);
        if (state === 'closed') expect(next).toBeUndefined();
        if (state === 'closing' && next !== undefined) expect(next).toBe('closed');
        if (input === 'gone' && state !== 'closed') expect(next).toBe('closed');
        state = next ?? state;
      }
    });
  });

  it('lets in every frame once open, auth and ping while waiting, and nothing after', () => {
    check(fc.oneof(fc.string(), fc.constantFrom('auth', 'ping', 'message', '__proto__')), (type) => {
      expect(admits('open', type)).toBe(true);
      expect(admits('waiting', type)).toBe(type === 'auth' || type === 'ping');
      expect(admits('closing', type)).toBe(false);
      expect(admits('closed', type)).toBe(false);
    });
  });
});

/** What can happen to one connection, in any order. */
const events = fc.constantFrom(
  { type: 'auth', token: 'ada' },
  { type: 'auth', token: 'bob' },
  { type: 'auth', token: 'bad' },
  { type: 'ping' },
  { type: 'subscribe', channel: 'a' },
  { type: 'unsubscribe', channel: 'a' },
  { type: 'message', channel: 'a', data: 1 },
  'drop',
  'disconnect',
  'second',
  'five seconds',
  'settle',
);

describe('a connection', { timeout: 30_000 }, () => {
  it('survives any order of events, ends every wait, and handles nothing after its end', async () => {
    await checkAsync(
      fc.array(events, { maxLength: 25 }),
      async (sequence) => {
        const world = createWorld();
        const client = world.connect(undefined);
        let ended: number | undefined;
        for (const event of sequence) {
          if (typeof event === 'object') client.send(event);
          else if (event === 'drop') client.drop();
          else if (event === 'disconnect') world.core.disconnect('ada');
          else if (event === 'second') await world.advance(1000);
          else if (event === 'five seconds') await world.advance(5250);
          else await world.settle();
          const over = client.closedWith !== undefined || world.core.connections().length === 0;
          if (over) ended ??= client.frames.length;
          if (ended !== undefined) expect(client.frames).toHaveLength(ended);
        }
        client.drop();
        await world.advance(60_000);
        expect(world.core.connections()).toEqual([]);
        expect(world.core.channels()).toEqual([]);
        world.broker.close();
        expect(world.env.pending).toBe(0);
      },
      150,
    );
  });

  it('answers every frame with an id exactly once, or is closed', async () => {
    const frames = fc.constantFrom(
      { type: 'ping' },
      { type: 'subscribe', channel: 'a' },
      { type: 'unsubscribe', channel: 'a' },
      { type: 'message', channel: 'a', data: 1 },
      { type: 'history', channel: 'a' },
      { type: 'presence', channel: 'a' },
      { type: 'call', method: 'none' },
      { type: 'nothing' },
    );
    await checkAsync(
      fc.array(frames, { maxLength: 20 }),
      async (sequence) => {
        const world = createWorld();
        const client = world.connect('ada');
        for (const [id, frame] of sequence.entries()) client.send({ ...frame, id });
        await world.advance(10_000);
        expect(client.closedWith).toBeUndefined();
        for (const id of sequence.keys()) expect(client.answers(id), `frame ${id}`).toHaveLength(1);
      },
      100,
    );
  });
});
