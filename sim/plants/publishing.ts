import type { Plant } from './plant.ts';

/** Mistakes on a message's way into the log. */
export const publishing: readonly Plant[] = [
  {
    name: 'ack-before-persist',
    file: 'packages/core/src/channel/publisher.ts',
    find: 'const outcome = await this.publish(channel, draft, options);',
    replace: `void this.publish(channel, draft, options).catch(() => undefined);
    const outcome = { kind: 'published' } as PublishOutcome;`,
    expected: ['1'],
    why: 'the ack goes out while the publication is on its way to the disk',
  },
  {
    name: 'no-idempotency-key',
    file: 'packages/core/src/channel/publisher.ts',
    find: '...(id === undefined ? {} : { idempotency: idempotencyOf(prepared, from, id, follows) }),',
    replace: '...(id === undefined ? {} : idempotencyOf(prepared, from, id, follows) && {}),',
    expected: ['4'],
    why: 'a publish that is sent again after a lost ack is published again',
  },
  {
    name: 'follows-not-checked',
    file: 'packages/core/src/memory/broker.ts',
    find: 'const isNext = follows === undefined || knownKey(log, follows) !== undefined;',
    replace: 'const isNext = follows === undefined || knownKey(log, follows) !== null;',
    expected: ['6'],
    why: 'what stands behind a publish that was refused for now takes its place in the log',
  },
  {
    name: 'double-count',
    file: 'packages/core/src/channel/publisher.ts',
    find: 'if (duplicate) metrics.duplicates += 1;',
    replace: `if (duplicate) {
      metrics.duplicates += 1;
      metrics.published += 1;
    }`,
    expected: ['11'],
    why: 'a repeat is counted as a publication too; there are no unread counters yet, metrics.published is the nearest',
  },
];
