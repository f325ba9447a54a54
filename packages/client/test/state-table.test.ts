import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { table } from '../src/state.ts';
import type { MachineEvent, Phase } from '../src/state.ts';
import { createHarness } from './support/harness.ts';

const events: readonly MachineEvent[] = [
  'connect',
  'disconnect',
  'ready',
  'lost',
  'refused',
  'due',
  'park',
  'wake',
];
const phases = Object.keys(table) as Phase[];

function follow(phase: Phase, event: MachineEvent): Phase {
  return table[phase][event] ?? phase;
}

function reachable(from: Phase, allowed: readonly MachineEvent[]): Set<Phase> {
  const found = new Set([from]);
  for (const phase of found) for (const event of allowed) found.add(follow(phase, event));
  return found;
}

describe('the state table', () => {
  it('can get from every phase to connected', () => {
    for (const phase of phases) expect(reachable(phase, events)).toContain('connected');
  });

  it('comes back from every phase that wants a connection without the application doing anything', () => {
    const wanting = phases.filter((phase) => !['disconnected', 'failed'].includes(phase));
    for (const phase of wanting) expect(reachable(phase, ['due', 'wake', 'ready'])).toContain('connected');
  });

  it('never leaves disconnected or failed by itself', () => {
    for (const phase of ['disconnected', 'failed'] as const) {
      expect(
        [
          ...reachable(
            phase,
            events.filter((event) => event !== 'connect'),
          ),
        ].sort(),
      ).toEqual([...new Set([phase, 'disconnected'])].sort());
    }
  });

  it('leaves an attempt, a wait and a connection for no phase but one that goes on or was asked for', () => {
    const quiet = ['connecting/parked', 'reconnecting/parked', 'failed', 'disconnected'];
    for (const phase of phases) {
      for (const event of events) {
        const next = follow(phase, event);
        if (next !== phase && quiet.includes(next))
          expect(['park', 'refused', 'disconnect']).toContain(event);
      }
    }
  });

  it('shows one of the five states in every phase', () => {
    const states = new Set(phases.map((phase) => phase.split('/')[0]));
    expect(states).toEqual(new Set(['connecting', 'connected', 'reconnecting', 'disconnected', 'failed']));
  });
});

const closes = [
  [1000, ''],
  [1001, 'Going away'],
  [1006, ''],
  [1008, 'Server at capacity'],
  [1008, 'Invalid token'],
  [4008, 'Slow consumer'],
  [4500, 'Disconnected'],
] as const;

const step = fc.oneof(
  fc.constantFrom('connect', 'disconnect', 'accept', 'hide', 'show', 'left', 'returned', 'woke', 'drain'),
  fc.nat({ max: 40_000 }),
  fc.constantFrom(...closes),
);

describe('a client under any order of events', () => {
  it('has one socket at most, is never moved by an old one, and connects again once it may', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const harness = createHarness();
        const { client, env, page, server } = harness;
        server.onFrame = (socket, { type }) => type === 'ping' && socket.send({ type: 'pong' });
        client.channel('chat:a').on('message', () => undefined);
        for (const what of steps) {
          const newest = server.sockets.at(-1);
          if (typeof what === 'number') await env.advance(what);
          else if (typeof what === 'object') newest?.close(what[0], what[1]);
          else if (what === 'connect' || what === 'disconnect') client[what]();
          else if (what === 'accept') newest?.accept();
          else if (what === 'drain') newest?.send({ type: 'reconnect', after: 700, reason: 'drain' });
          else if (what === 'hide') page.isActive = false;
          else if (what === 'show') {
            page.isActive = true;
            page.emit('woke');
          } else page.emit(what);

          for (const old of server.sockets.slice(0, -1)) {
            expect(old.closedBy !== undefined || old.isClosed).toBe(true);
            const before = client.state;
            old.close(1000);
            old.accept();
            old.close(4500, 'Disconnected');
            expect(client.state).toBe(before);
          }
        }
        page.isActive = true;
        page.emit('returned');
        server.onDial = (socket) => void Promise.resolve().then(() => socket.accept());
        client.connect();
        await env.advance(60_000);
        expect(client.state).toBe('connected');
        expect(server.socket.last('subscribe')).toMatchObject({ channel: 'chat:a' });
        client.dispose();
        await env.settle();
        expect(env.pending()).toBe(0);
        expect(page.listening).toBe(0);
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});
