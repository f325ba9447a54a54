import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { receiveEvents, receivePolls } from '../src/fallback/downstream.ts';
import { createHttpSocket } from '../src/fallback/http-socket.ts';
import { settingsOf } from '../src/settings.ts';
import { createFakeHttp } from './support/fake-http.ts';
import type { FakeFault } from './support/fake-http.ts';
import { quiet, until } from './support/until.ts';
import { createVirtualEnv } from './support/virtual-env.ts';

const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('up', 'down') },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 12_000 }) },
  ),
  { maxLength: 30 },
);
const faults = fc.array(
  fc.constantFrom<FakeFault>(undefined, undefined, 'lose request', 'lose answer', 'swallow', 503),
  { minLength: 1, maxLength: 12 },
);
const counts = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

it.each(['sse', 'longpoll'] as const)(
  'over %s each frame arrives once and in order, whatever requests and answers are lost',
  async (kind) => {
    await fc.assert(
      fc.asyncProperty(steps, faults, async (todo, plan) => {
        const http = createFakeHttp();
        const env = createVirtualEnv();
        const settings = settingsOf('ws://host/ws', { env, http: { fetch: http.fetch } });
        const isStream = kind === 'sse';
        const socket = createHttpSocket(settings, isStream ? receiveEvents : receivePolls, isStream);
        const heard: unknown[] = [];
        let isOver = false;
        socket.addEventListener('message', (event) =>
          heard.push((JSON.parse((event as MessageEvent<string>).data) as { n: number }).n),
        );
        socket.addEventListener('close', () => (isOver = true));
        await until(() => http.sessions.length === 1);
        let asked = 0;
        http.fault = () => plan[(asked += 1) % plan.length];
        let up = 0;
        let down = 0;
        http.session.send({ n: (down += 1) });
        await until(() => heard.length === 1);
        for (const step of todo) {
          if (typeof step === 'number') await env.advance(step);
          else if (step === 'down') http.session.send({ n: (down += 1) });
          else if (!isOver) socket.send(JSON.stringify({ n: (up += 1) }));
          await quiet();
          expect(heard).toEqual(counts(heard.length));
          expect(http.session.sent.map(({ n }) => n)).toEqual(counts(http.session.sent.length));
        }
        http.fault = () => undefined;
        for (let n = 0; n < 5; n += 1) {
          await env.advance(10_000);
          await quiet();
        }
        // What was lost for good was told: a session that polls could not reach has ended.
        if (isOver) expect(kind).toBe('longpoll');
        else {
          expect(heard).toEqual(counts(down));
          expect(http.session.sent.map(({ n }) => n)).toEqual(counts(up));
          socket.close();
        }
        await quiet();
        await env.advance(3000);
        expect(env.pending()).toBe(0);
        expect(http.count('POST /connect/send')).toBeGreaterThanOrEqual(up > 0 ? 1 : 0);
      }),
      { numRuns: 60 },
    );
  },
  60_000,
);
