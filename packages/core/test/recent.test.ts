import type { Publication } from '@thrum/protocol';
import * as fc from 'fast-check';
import { describe, it, expect } from 'vitest';
import { Recent, RecentRoom } from '../src/channel/recent.ts';
import { check } from './support/random.ts';

const at = (epoch: string, offset: number): Publication => ({
  channel: 'c',
  event: 'message',
  data: `${epoch}${offset}`,
  offset,
  epoch,
  timestamp: 1,
});

const run = (epoch: string, first: number, last: number): Publication[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => at(epoch, first + index));

const place = fc.nat(30);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver' as const), lost: fc.nat(5) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('read' as const),
        after: place,
        limit: fc.integer({ min: 1, max: 12 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('age' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lose the log' as const) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), after: place, limit: fc.nat(12) }) },
  ),
  { maxLength: 120 },
);

describe('what is kept of a log', () => {
  it('makes the very page that the log would have given, or none, within its bounds', () => {
    let answered = 0;
    check(
      fc.tuple(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 3000 })),
      ([all, capacity, bytes]) => {
        const recent = new Recent(new RecentRoom(bytes), capacity);
        let [life, top] = [0, 0];
        const read = (after: number, limit: number) => {
          const publications = run(`e${life}`, after + 1, Math.min(top, after + limit));
          return { epoch: `e${life}`, offset: top, oldest: 1, publications };
        };
        for (const step of all) {
          if (step.do === 'deliver') {
            top += 1;
            // A wake-up may be lost; what follows it leaves a hole.
            if (step.lost > 0) recent.keep([at(`e${life}`, top)], []);
          } else if (step.do === 'read') recent.take(read(Math.min(step.after, top), step.limit));
          else if (step.do === 'age') recent.age();
          else if (step.do === 'lose the log') [life, top] = [life + 1, 0];
          else {
            const after = Math.min(step.after, top);
            const page = recent.page(read(after, 0), after, step.limit);
            if (page === undefined) continue;
            if (page.publications.length > 0) answered += 1;
            expect(page).toEqual(read(after, step.limit));
          }
        }
        recent.clear();
        expect(recent.isEmpty).toBe(true);
      },
    );
    expect(answered).toBeGreaterThan(0);
  });
});
