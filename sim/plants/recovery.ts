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
    name: 'promoted-into-a-turn',
    file: 'packages/core/src/channel/live-channel.ts',
    find: `    // What is still to go out lies before its place.
    this.fanOut.flush();
`,
    replace: '',
    expected: ['5', '6'],
    why: 'who has just read the log up to its top is sent once more what the turn still holds for the others',
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
    find: `  const whole = merge(page, subscription.buffer ?? [], since, limits.historyPage, acks?.room);
  if (whole === undefined) return false;
  const { recent } = channel.log;
  const start = acks === undefined ? whole : firstOf(whole, acks.fitting(recent.frames(whole.publications)));
  const position = { epoch: page.epoch, offset: start.offset };
  if (start.partial !== true && !channel.isAt(position.epoch, position.offset)) return false;`,
    replace: `  // As if the subscription had entered the hub only now: nothing was buffered, nothing can be compared.
  const whole = merge(page, [], since, limits.historyPage, acks?.room);
  if (whole === undefined) return false;
  const { recent } = channel.log;
  const start = acks === undefined ? whole : firstOf(whole, acks.fitting(recent.frames(whole.publications)));
  const position = { epoch: page.epoch, offset: start.offset };`,
    expected: ['5'],
    why: 'what is published between the read and the entering is missed',
  },
  {
    name: 'torn-position',
    file: 'packages/core/src/channel/join.ts',
    find: 'if (since === undefined) return log.head();',
    replace: `if (since === undefined)
    return log.head().then(async ({ epoch }) => ({ ...(await log.head()), epoch }));`,
    expected: ['20'],
    why: 'epoch and offset are read in two steps, with a lost log in between',
  },
  {
    name: 'kept-without-position',
    file: 'packages/core/src/channel/channel-log.ts',
    find: 'const page = pageOf(await this.head());',
    replace: `const { epoch = '', top } = this.recent as unknown as { epoch?: string; top: number };
      const page = pageOf({ epoch, offset: top, oldest: 1, publications: [] });`,
    expected: ['7', '20', '5'],
    why: 'what is kept is taken for the log itself, which was lost or has grown meanwhile',
  },
  {
    name: 'kept-of-another-log',
    file: 'packages/core/src/channel/recent.ts',
    find: 'return epoch === this.epoch && after <= this.top && after >= this.start;',
    replace: 'return after <= this.top && after >= this.start;',
    expected: ['2', '5', '7'],
    why: 'what is kept of a lost log is sent as if it stood in the new one',
  },
];
