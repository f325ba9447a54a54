import type { Publication, Since } from '@thrum/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merge } from '../src/channel/merge.ts';
import type { LogPage } from '../src/index.ts';
import { check } from './support/random.ts';

const maxRecovery = 10;

function publication(offset: number, epoch = 'e'): Publication {
  return { channel: 'c', event: 'message', data: offset, offset, epoch, timestamp: 0 };
}

function range(from: number, to: number): Publication[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => publication(from + index));
}

interface Scene {
  readonly since: Since | undefined;
  readonly page: LogPage;
  readonly buffered: readonly Publication[];
}

/** A log with a top and an oldest, a reader somewhere, a live tail with holes, duplicates and another epoch's entries. */
const scenes: fc.Arbitrary<Scene> = fc
  .record({
    top: fc.nat(30),
    kept: fc.nat(30),
    since: fc.option(
      fc.oneof(
        fc.record({ epoch: fc.constantFrom('e', 'old'), offset: fc.nat(35) }),
        fc.constant('latest' as const),
        fc.record({ last: fc.nat(12) }),
      ),
      { nil: undefined },
    ),
    tailFrom: fc.integer({ min: -5, max: 3 }),
    tail: fc.nat(6),
    lost: fc.option(fc.nat(5), { nil: undefined, freq: 3 }),
    foreign: fc.option(fc.nat(5), { nil: undefined, freq: 5 }),
    twice: fc.boolean(),
  })
  .map(({ top, kept, since, tailFrom, tail, lost, foreign, twice }) => {
    const oldest = Math.max(1, top - kept + 1);
    const log = range(oldest, top);
    const start = Math.max(1, top + 1 + tailFrom);
    let buffered = range(start, start + tail - 1).filter((_, index) => index !== lost);
    if (twice) buffered = buffered.flatMap((each) => [each, each]);
    if (foreign !== undefined && foreign < buffered.length)
      buffered[foreign] = publication(foreign + 1, 'new');
    return { since, buffered, page: { epoch: 'e', offset: top, oldest, publications: readAt(log, since) } };
  });

/** What `join` asks a broker for. */
function readAt(log: readonly Publication[], since: Since | undefined): readonly Publication[] {
  if (since === undefined) return [];
  if (since === 'latest') return log.slice(-1);
  if ('last' in since) return since.last === 0 ? [] : log.slice(-since.last);
  return log.filter(({ offset = 0 }) => offset > since.offset).slice(0, maxRecovery);
}

/** The offsets that are to follow the page's top; `undefined` when the tail has a hole or another epoch. */
function follows({ page, buffered }: Scene): number | undefined {
  let top = page.offset;
  for (const { epoch, offset = 0 } of buffered) {
    if (epoch !== page.epoch || offset > top + 1) return undefined;
    top = Math.max(top, offset);
  }
  return top;
}

describe('merge', () => {
  it('gives exactly the missing run, without a hole or a duplicate, or says that it cannot', () => {
    check(
      scenes,
      (scene) => {
        const start = merge(scene.page, scene.buffered, scene.since, maxRecovery);
        const top = follows(scene);
        expect(start === undefined).toBe(top === undefined);
        if (start === undefined || top === undefined) return;
        expect(start.offset).toBe(top);
        expect(start.position.epoch).toBe(scene.page.epoch);
        expect(start.publications.map(({ offset }) => offset)).toEqual(
          range(start.position.offset + 1, top).map(({ offset }) => offset),
        );
      },
      2000,
    );
  });

  it('recovers exactly when the epoch is the log’s and everything after the position is kept and not too much', () => {
    check(
      scenes,
      (scene) => {
        const start = merge(scene.page, scene.buffered, scene.since, maxRecovery);
        if (start === undefined) return;
        const { since, page } = scene;
        const possible =
          typeof since === 'object' &&
          'epoch' in since &&
          since.epoch === page.epoch &&
          since.offset <= page.offset &&
          since.offset >= page.oldest - 1 &&
          page.offset - since.offset <= maxRecovery;
        expect(start.recovered).toBe(possible);
        // With recovered:true the position is the client's own; otherwise the stream begins at or near the top.
        if (possible) expect(start.position).toEqual(since);
        else if (typeof since === 'object' && 'epoch' in since)
          expect(start.position.offset).toBe(page.offset);
      },
      2000,
    );
  });
});
