import type { Plant } from './plant.ts';

/** Mistakes in bringing a subscription from its position to the live stream. */
export const recovery: readonly Plant[] = [
  {
    name: 'epoch-ignored',
    file: 'packages/core/src/channel/merge.ts',
    find: 'since.epoch === page.epoch &&',
    replace: '',
    expected: ['7', '5'],
    why: 'an offset is compared without its epoch, so a position in a lost log seems to recover',
  },
  {
    name: 'no-position-check',
    file: 'packages/core/src/channel/merge.ts',
    find: 'reaches(missed, since.offset, page.offset);',
    replace: 'true;',
    expected: ['5', '7'],
    why: 'what is left of a trimmed log is sent as if it were everything after the position',
  },
  {
    name: 'no-live-position-check',
    file: 'packages/core/src/channel/live-channel.ts',
    find: ' || offset > this.offset + 1) {',
    replace: ') {',
    expected: ['5'],
    why: 'a publication behind a lost one is delivered as if it were the next',
  },
  {
    name: 'no-periodic-check',
    file: 'packages/core/src/connection/wheel.ts',
    find: 'for (const channel of hub.channels.values()) channel.checkPosition(monotonic);',
    replace: '',
    expected: ['8'],
    why: 'a lost last wake-up shows only with the next publication, and there is none',
  },
  {
    name: 'history-before-hub',
    file: 'packages/core/src/channel/join.ts',
    find: `  const start = merge(page, subscription.buffer ?? [], since, limits.historyPage, acks?.room);
  if (start === undefined) return false;
  const position = { epoch: page.epoch, offset: start.offset };
  if (start.partial !== true && !channel.isAt(position.epoch, position.offset)) return false;`,
    replace: `  // As if the subscription had entered the hub only now: nothing was buffered, nothing can be compared.
  const start = merge(page, [], since, limits.historyPage, acks?.room);
  if (start === undefined) return false;
  const position = { epoch: page.epoch, offset: start.offset };`,
    expected: ['5'],
    why: 'what is published between the read and the entering is missed',
  },
  {
    name: 'torn-position',
    file: 'packages/core/src/channel/join.ts',
    find: 'if (since === undefined) return broker.read(channel, { limit: 0 });',
    replace: `if (since === undefined) {
    const { epoch } = await broker.read(channel, { limit: 0 });
    return { ...(await broker.read(channel, { limit: 0 })), epoch };
  }`,
    expected: ['20'],
    why: 'epoch and offset are read in two steps, with a lost log in between',
  },
];
