import type { Plant } from './plant.ts';

const stage = 'packages/core/src/channel/stage.ts';

/** Mistakes in leaving out what gave way to something newer. */
export const conflation: readonly Plant[] = [
  {
    name: 'conflated-without-key',
    file: stage,
    find: 'const name = key ?? this.order;',
    replace: "const name = key === undefined ? this.order : '';",
    expected: ['conflation'],
    why: 'a newer value takes the place of whatever waits, whosesoever it is',
  },
  {
    name: 'last-value-lost',
    file: stage,
    find: 'if (this.waiting.size > 0 && now >= this.openAt) this.release(now);',
    replace: `if (this.waiting.size > 0 && now >= this.openAt) this.release(now);
    else if (this.waiting.size > 1) this.waiting.delete([...this.waiting.keys()][0] ?? '');`,
    expected: ['conflation'],
    why: 'what waits with others is thrown away, as if somebody would publish it again',
  },
  {
    name: 'waits-for-the-next',
    file: 'packages/core/src/channel/conflation.ts',
    find: 'if (this.timer?.at === next) return;',
    replace: 'if (next !== undefined || this.timer?.at === next) return;',
    expected: ['8', 'conflation'],
    why: 'no timer runs, so that the last value goes when another follows, and there is none',
  },
  {
    name: 'conflated-out-of-order',
    file: stage,
    find: 'if (this.waiting.delete(name)) this.parts',
    replace: 'if (this.waiting.has(name)) this.parts',
    expected: ['5'],
    why: 'a newer value goes where the older one stood, before what was published in between',
  },
  {
    name: 'joiner-gets-what-waits',
    file: stage,
    find: 'orders.findIndex((order) => order > after)',
    replace: 'orders.findIndex((order) => order > 0)',
    expected: ['5', '4'],
    why: 'who joins while a batch waits is sent what was published before',
  },
  {
    name: 'rate-not-kept',
    file: stage,
    find: 'this.openAt = now + this.every;',
    replace: 'this.openAt = now + this.every / 2;',
    expected: ['conflation'],
    why: 'batches go twice as often as was granted',
  },
  {
    name: 'waiting-lost-at-the-end',
    file: stage,
    find: `    this.settle(subscription);
    this.members.delete(subscription);`,
    replace: '    this.members.delete(subscription);',
    expected: ['5', 'conflation'],
    why: 'what waits for a subscriber is forgotten when its rate changes',
  },
];
