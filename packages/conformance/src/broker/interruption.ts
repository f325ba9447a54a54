import assert from 'node:assert/strict';
import type { Publication } from '@thrum/protocol';
import { EventQueue } from '@thrum/testkit';
import { dataOf, draft, kept, publishMany, range, readAll, take } from './helpers.ts';
import type { BrokerCase } from './suite.ts';

/** What becomes of subscribers when notifications were cut off (law 13). */
export const interruption: readonly BrokerCase[] = [
  {
    law: 13,
    title:
      'after an interruption every subscriber is told that something may be missed, and notified of what follows',
    interruptible: true,
    run: async ({ broker, interrupt }) => {
      assert.ok(interrupt !== undefined);
      const queues = [new EventQueue<Publication>(), new EventQueue<Publication>()];
      const missed = new EventQueue<number>();
      for (const [index, queue] of queues.entries()) {
        await broker.subscribe(
          'c',
          (publication) => queue.push(publication),
          () => missed.push(index),
        );
      }
      await publishMany(broker, 2);
      for (const queue of queues) await take(queue, 2);
      await interrupt();
      for (const index of queues.keys()) await missed.next((told) => told === index);
      await broker.publish('c', draft(3), kept);
      for (const queue of queues) assert.equal((await queue.next(({ data }) => data === 3)).offset, 3);
      assert.deepEqual(dataOf((await readAll(broker)).publications), range(1, 3));
    },
  },
];
