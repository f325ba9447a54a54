import type { Publication } from '@thrum/protocol';
import { VirtualEnv } from '@thrum/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { createTyping, type TypingIndicator } from '../src/client/index.ts';

describe('createTyping', () => {
  let env: VirtualEnv;
  let sent: unknown[];
  let online: boolean;
  let listen: ((publication: Publication) => void) | undefined;
  let indicator: TypingIndicator;
  let changes: (readonly string[])[];

  beforeEach(() => {
    env = new VirtualEnv();
    sent = [];
    changes = [];
    online = true;
    const channel = {
      name: 'chat:1',
      onAny: (listener: (publication: Publication) => void) => {
        listen = listener;
        return () => (listen = undefined);
      },
    };
    const client = { userId: 'ada', send: (frame: unknown) => online && sent.push(frame) > 0 };
    indicator = createTyping(channel, client, { timer: (ms, run) => env.timer(ms, run) });
    indicator.onChange((users) => changes.push(users));
  });

  const publish = (from: string, event: string, data: unknown) =>
    listen?.({ channel: 'chat:1', event, data, from, timestamp: 0 });
  const types = (from: string, active = true) => publish(from, 'typing', { userId: from, active });

  it('shows who types until they stop, send a message, or fall silent', async () => {
    types('bob');
    types('eve');
    types('joe');
    expect(indicator.users).toEqual(['bob', 'eve', 'joe']);
    types('bob', false);
    publish('eve', 'message', 'hi');
    expect(indicator.users).toEqual(['joe']);
    await env.advance(7500);
    expect(indicator.users).toEqual([]);
    expect(changes).toHaveLength(6);
  });

  it('gives the same array while nothing changes', async () => {
    types('bob');
    const { users } = indicator;
    await env.advance(4000);
    types('bob');
    await env.advance(4000);
    expect(indicator.users).toBe(users);
    expect(changes).toHaveLength(1);
  });

  it('does not show oneself, nor what has no sender or no sense', () => {
    types('ada');
    listen?.({ channel: 'chat:1', event: 'typing', data: { userId: 'bob', active: true }, timestamp: 0 });
    for (const data of [null, 'x', {}, { active: 'yes' }]) publish('bob', 'typing', data);
    expect(indicator.users).toEqual([]);
    expect(changes).toEqual([]);
  });

  it('believes the sender that the server names, not the one in the data', () => {
    publish('eve', 'typing', { userId: 'bob', active: true });
    expect(indicator.users).toEqual(['eve']);
  });

  it('sends at most one frame in 2.5 seconds, and one when it stops', async () => {
    const frame = { type: 'typing', channel: 'chat:1', active: true };
    indicator.start();
    indicator.start();
    await env.advance(2499);
    indicator.start();
    expect(sent).toEqual([frame]);
    await env.advance(1);
    indicator.start();
    indicator.stop();
    indicator.stop();
    expect(sent).toEqual([frame, frame, { ...frame, active: false }]);
    expect(env.pending).toBe(0);
  });

  it('tells that one stopped also when the last frame is a while ago', async () => {
    indicator.start();
    await env.advance(3000);
    indicator.stop();
    expect(sent).toHaveLength(2);
  });

  it('tries again with the next keystroke after a frame that could not leave', () => {
    online = false;
    indicator.start();
    online = true;
    indicator.start();
    expect(sent).toHaveLength(1);
  });

  it('lets go of everything when it is disposed of, also twice', () => {
    types('bob');
    indicator.start();
    indicator.dispose();
    indicator.dispose();
    expect(listen).toBeUndefined();
    expect(env.pending).toBe(0);
    expect(sent.at(-1)).toMatchObject({ active: false });
  });
});
