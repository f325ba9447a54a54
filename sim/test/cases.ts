import {
  checkClocks,
  checkConvergence,
  checkCounts,
  checkDrain,
  checkExpected,
  checkLeftovers,
  checkPresence,
  checkQueues,
  checkUncaught,
} from '../check/end.ts';
import { checkConflation } from '../check/conflation.ts';
import { checkEpochs, checkOneMessage, checkOrder, checkSent } from '../check/log.ts';
import { checkAcknowledged, checkOutcomes } from '../check/outcomes.ts';
import { checkRights } from '../check/rights.ts';
import { checkNamed, checkStreams } from '../check/streams.ts';
import { checkTransient } from '../check/transient.ts';
import { checkPages, checkWire } from '../check/wire.ts';
import type { Checker, Happening } from '../history.ts';
import * as h from './histories.ts';

const two = [h.log, h.publish('p#1'), h.publish('p#2'), h.append('p#1', h.at(1)), h.append('p#2', h.at(2))];

export const world = (faulty: boolean): Happening => ({
  k: 'world',
  seed: 1,
  faulty,
  broker: 'memory',
  nodes: 1,
  outboxBytes: 1,
  queue: 1,
});
export const drain: Happening = { k: 'drain', node: 'n1', ms: 100, conns: ['x'] };
export const drained: Happening = { k: 'drained', node: 'n1', left: 0 };
const stands = (offset: number, more: object = {}): Happening => ({
  k: 'stands',
  c: 'c1.1',
  s: 1,
  channel: 'a',
  status: 'subscribed',
  state: 'connected',
  at: h.at(offset),
  top: h.at(2),
  ...more,
});
const guarded: Happening = { k: 'channel', channel: 'a', kept: true, durable: false, guarded: true };
const kept = (when: 'before' | 'after', oldest: number): Happening => ({
  k: 'kept',
  when,
  channel: 'a',
  oldest,
  top: h.at(9),
});
/** A named subscriber read one publication, and its successor is told this position. */
const succeeded = (offset: number): readonly Happening[] => [
  { ...h.listen, name: 'w' } as Happening,
  h.status('subscribed', h.at(0)),
  h.recv('p#1', h.at(1)),
  { ...h.listen, s: 2, name: 'w' } as Happening,
  { ...h.status('recovered', h.at(offset)), s: 2 } as Happening,
];
const alive: Happening = { k: 'leftover', who: 'p', what: 'queued', count: 0 };

/** Answered with 10 publications of a key a second, and what was published: of one key, but for the second. */
const conflated = [
  { ...h.answered(h.at(0)), maxRate: 10 } as Happening,
  ...['p#1', 'p#2', 'p#4', 'p#7'].map((v, index) => h.append(v, h.at(index + 1))),
];
const stood = (v: string, offset: number, count: number): Happening => ({
  ...(h.sent(v, h.at(offset)) as Happening & { k: 'sent' }),
  conflated: count,
});
const left: Happening = { k: 'left', conn: 'x', channel: 'a' };

/** What a checker must find, or, without an invariant, must not object to. */
export type Case = readonly [
  checker: Checker,
  title: string,
  invariant: string | undefined,
  happenings: readonly Happening[],
];

export const cases: readonly Case[] = [
  [checkEpochs, 'a log that goes on', undefined, two],
  [checkEpochs, 'an epoch that comes back', '20', [h.log, h.wipe, h.log]],
  [checkEpochs, 'a lost log with its old epoch', '20', [...two, h.append('p#1', h.at(1))]],
  [
    checkEpochs,
    'a life that takes over what there was',
    undefined,
    [
      { k: 'log', epoch: 'e1', why: 'start', channel: 'a' },
      h.append('p#1', h.at(1)),
      { k: 'log', epoch: 'e2', why: 'found', channel: 'a', carried: 1 },
      h.append('p#2', h.at(2, 'e2')),
    ],
  ],
  [
    checkEpochs,
    'an epoch of one channel that comes back',
    '20',
    [
      { k: 'log', epoch: 'e1', why: 'start', channel: 'a' },
      { k: 'log', epoch: 'e2', why: 'found', channel: 'a' },
      { k: 'log', epoch: 'e1', why: 'found', channel: 'a' },
    ],
  ],
  [
    checkConflation,
    'a value that gave way to a newer one of its key',
    undefined,
    [h.log, ...conflated, h.sent('p#1', h.at(1)), h.sent('p#2', h.at(2)), stood('p#7', 4, 1), left],
  ],
  [
    checkConflation,
    'a value that gave way to one of another key',
    'conflation',
    [h.log, ...conflated, stood('p#2', 2, 1), left],
  ],
  [
    checkConflation,
    'a value that gave way on a connection that broke',
    undefined,
    [h.log, ...conflated, stood('p#2', 2, 1), { k: 'gone', conn: 'x', code: 1006 }, { k: 'end' }],
  ],
  [
    checkConflation,
    'less than everything, for one who did not ask',
    'conflation',
    [h.log, h.answered(h.at(0)), ...conflated.slice(1), h.sent('p#1', h.at(1)), stood('p#7', 4, 2)],
  ],
  [
    checkConflation,
    'a key that comes too often',
    'conflation',
    [h.log, ...conflated, ...[1, 4, 7].map((n, index) => stood(`p#${n}`, [1, 3, 4][index] ?? 0, index % 2))],
  ],
  [checkOneMessage, 'readers who agree', undefined, [...two, h.recv('p#2', h.at(2)), h.sent('p#1', h.at(1))]],
  [checkOneMessage, 'a reader who got another message', '2', [...two, h.recv('p#2', h.at(1))]],
  [checkOneMessage, 'an ack with the place of another', '2', [...two, h.settled(1, { at: h.at(2) })]],
  [checkSent, 'what was published', undefined, [...two, h.recv('p#1', h.at(1))]],
  [checkSent, 'what nobody published', '3', [...two, h.recv('q#1', h.at(1))]],
  [checkSent, 'another sender', '3', [h.publish('p#1'), { ...h.append('p#1'), from: 'eve' } as Happening]],
  [checkOrder, 'messages in order', undefined, two],
  [
    checkOrder,
    'messages out of order',
    '6',
    [h.log, h.publish('p#1'), h.publish('p#2'), h.append('p#2', h.at(1)), h.append('p#1', h.at(2))],
  ],
  [
    checkOrder,
    'one that was sent again later',
    undefined,
    [
      h.log,
      h.publish('p#1'),
      h.publish('p#2'),
      h.publish('p#1', 3),
      h.append('p#2', h.at(1)),
      h.append('p#1', h.at(2)),
    ],
  ],
  [checkAcknowledged, 'an ack after the append', undefined, [...two, h.settled(1, { at: h.at(1) })]],
  [
    checkAcknowledged,
    'an ack without an append',
    '1',
    [h.log, h.publish('p#1'), h.settled(1, { at: h.at(1) })],
  ],
  [checkAcknowledged, 'an ack with a wrong place', 'outcome', [...two, h.settled(1, { at: h.at(7) })]],
  [checkOutcomes, 'promises that settle', undefined, [...two, h.settled(1), h.settled(2), alive]],
  [checkOutcomes, 'one that settles twice', 'outcome', [...two, h.settled(1), h.settled(1)]],
  [checkOutcomes, 'one that never settles', 'outcome', [...two, h.settled(1), alive]],
  [checkOutcomes, 'a no that was a yes', 'outcome', [...two, h.settled(1, { code: 'access_denied' })]],
  [
    checkStreams,
    'a whole stream',
    undefined,
    [h.listen, h.status('subscribed', h.at(0)), h.recv('p#1', h.at(1)), h.recv('p#2', h.at(2))],
  ],
  [
    checkStreams,
    'a hole that was told',
    undefined,
    [h.listen, h.status('subscribed', h.at(0)), h.status('reset', h.at(4)), h.recv('p#5', h.at(5))],
  ],
  [checkStreams, 'a silent hole', '5', [h.listen, h.status('subscribed', h.at(0)), h.recv('p#2', h.at(2))]],
  [
    checkStreams,
    'another epoch without a word',
    '5',
    [h.listen, h.status('subscribed', h.at(0)), h.recv('p#1', h.at(1, 'e2'))],
  ],
  [
    checkStreams,
    'a repeat',
    '4',
    [h.listen, h.status('subscribed', h.at(0)), h.recv('p#1', h.at(1)), h.recv('p#1', h.at(2))],
  ],
  [
    checkTransient,
    'one without a place on each of two connections',
    undefined,
    [h.listen, h.open, h.sent('p#1'), h.recv('p#1'), h.reopen, h.resent('p#1'), h.recv('p#1')],
  ],
  [checkTransient, 'one without a place twice on one', '4', [h.open, h.sent('p#1'), h.sent('p#1')]],
  [
    checkTransient,
    'one without a place again from a log that was lost',
    undefined,
    [h.open, h.log, h.append('p#1'), h.sent('p#1'), h.wipe, h.append('p#1'), h.sent('p#1')],
  ],
  [
    checkTransient,
    'one without a place that the SDK has made two of',
    '4',
    [h.listen, h.open, h.sent('p#1'), h.recv('p#1'), h.recv('p#1')],
  ],
  [
    checkStreams,
    'recovered somewhere else',
    '7',
    [h.listen, h.status('subscribed', h.at(0)), h.recv('p#1', h.at(1)), h.status('recovered', h.at(3))],
  ],
  [checkNamed, 'a successor who gets the last one again', undefined, succeeded(0)],
  [checkNamed, 'a successor who begins too late', '7', succeeded(2)],
  [
    checkWire,
    'a subscription',
    undefined,
    [
      h.log,
      h.open,
      h.asked(),
      h.answered(h.at(0)),
      h.publish('p#1'),
      h.append('p#1', h.at(1)),
      h.sent('p#1', h.at(1)),
    ],
  ],
  [
    checkWire,
    'a recovery',
    undefined,
    [...two, h.asked(h.at(1)), h.answered(h.at(1), true), h.sent('p#2', h.at(2))],
  ],
  [
    checkWire,
    'a named subscriber who goes on at a cursor',
    undefined,
    [...two, { ...h.asked(undefined, true), name: 'w' } as Happening, h.answered(h.at(1), true)],
  ],
  [checkWire, 'a recovery without a position', '7', [...two, h.asked(), h.answered(h.at(1), true)]],
  [checkWire, 'a publication nobody asked for', '5', [...two, h.sent('p#1', h.at(1))]],
  [checkWire, 'a hole', '5', [...two, h.asked(h.at(0)), h.answered(h.at(0), true), h.sent('p#2', h.at(2))]],
  [
    checkWire,
    'a redelivery',
    undefined,
    [
      ...two,
      h.asked(h.at(0), true),
      h.answered(h.at(0), true),
      h.sent('p#1', h.at(1)),
      h.sent('p#2', h.at(2)),
      h.sent('p#1', h.at(1)),
    ],
  ],
  [
    checkWire,
    'a redelivery that nobody wanted',
    '5',
    [...two, h.asked(h.at(0)), h.answered(h.at(0), true), h.sent('p#1', h.at(1)), h.sent('p#1', h.at(1))],
  ],
  [
    checkWire,
    'recovered from another log',
    '7',
    [...two, h.wipe, h.asked(h.at(1)), h.answered(h.at(1), true)],
  ],
  [checkWire, 'recovered from the future', '7', [...two, h.asked(h.at(9)), h.answered(h.at(9), true)]],
  [checkWire, 'recovered from elsewhere', '7', [...two, h.asked(h.at(1)), h.answered(h.at(2), true)]],
  [checkWire, 'a torn position', '20', [...two, h.asked(), h.wipe, h.answered(h.at(0))]],
  [
    checkWire,
    'a stream that skips',
    '5',
    [...two, h.asked(), h.answered(h.at(2)), h.asked(), h.answered(h.at(3))],
  ],
  [
    checkPages,
    'a page',
    undefined,
    [
      ...two,
      h.page(h.at(2), [
        ['p#1', 1],
        ['p#2', 2],
      ]),
    ],
  ],
  [
    checkPages,
    'a page with a hole',
    '5',
    [
      ...two,
      h.page(h.at(2), [
        ['p#1', 1],
        ['p#1', 3],
      ]),
    ],
  ],
  [
    checkPages,
    'a page of what another life left',
    undefined,
    [
      { k: 'log', epoch: 'e1', why: 'start', channel: 'a' },
      h.append('p#1', h.at(1)),
      { k: 'log', epoch: 'e2', why: 'found', channel: 'a', carried: 1 },
      {
        ...h.page(h.at(1, 'e2'), []),
        items: [{ v: 'p#1', at: h.at(1, 'e2') }],
      } as Happening,
    ],
  ],
  [checkPages, 'a page with another message', '2', [...two, h.page(h.at(2), [['p#2', 1]])]],
  [checkPages, 'a top that never was', '20', [...two, h.page(h.at(7), [])]],
  [checkPages, 'a gap that is denied', '7', [...two, h.page(h.at(2), [['p#2', 2]], { since: h.at(0) })]],
  [
    checkPages,
    'a gap that is told',
    undefined,
    [...two, h.page(h.at(2), [['p#2', 2]], { since: h.at(0), recovered: false })],
  ],
  [
    checkRights,
    'somebody who may',
    undefined,
    [guarded, h.open, { k: 'grant', user: 'ada', channel: 'a' }, h.append('p#1'), h.sent('p#1')],
  ],
  [checkRights, 'somebody who never might', '9', [guarded, h.open, h.append('p#1'), h.sent('p#1')]],
  [
    checkRights,
    'somebody who may no more',
    '9',
    [
      guarded,
      h.open,
      { k: 'grant', user: 'ada', channel: 'a' },
      { k: 'revoke', user: 'ada', channel: 'a' },
      h.append('p#1'),
      h.sent('p#1'),
    ],
  ],
  [
    checkRights,
    'members of a closed room',
    '9',
    [guarded, h.open, { k: 'members', conn: 'x', channel: 'a', change: 'joined' }],
  ],
  [checkConvergence, 'everybody at the top', undefined, [stands(2)]],
  [checkConvergence, 'a lost tail', '8', [stands(1)]],
  [checkConvergence, 'somebody who is out', '8', [stands(2, { state: 'reconnecting' })]],
  [checkConvergence, 'a subscription that ended', '8', [stands(2, { status: 'subscribing' })]],
  [
    checkPresence,
    'a room as it is',
    undefined,
    [{ k: 'present', node: 'n1', channel: 'a', members: ['x'], live: ['x'] }],
  ],
  [checkPresence, 'a ghost', '10', [{ k: 'present', node: 'n1', channel: 'a', members: ['x'], live: [] }]],
  [
    checkPresence,
    'a page that shows a ghost',
    '10',
    [{ k: 'roster', c: 'c1.1', node: 'n1', channel: 'a', shown: ['x'], members: [] }],
  ],
  [
    checkCounts,
    'a true count',
    undefined,
    [{ k: 'count', node: 'n1', name: 'published', counted: 1, recounted: 1 }],
  ],
  [
    checkCounts,
    'a double count',
    '11',
    [{ k: 'count', node: 'n1', name: 'published', counted: 2, recounted: 1 }],
  ],
  [checkQueues, 'a full queue', undefined, [{ k: 'queues', who: 'n1', what: 'outbox', size: 9, cap: 9 }]],
  [checkQueues, 'a queue over its cap', '14', [{ k: 'queues', who: 'n1', what: 'outbox', size: 10, cap: 9 }]],
  [checkLeftovers, 'nothing left', undefined, [alive]],
  [checkLeftovers, 'a timer left', '15', [{ k: 'leftover', who: 'n1', what: 'timers', count: 1 }]],
  [checkUncaught, 'an answer', undefined, [{ k: 'refused', conn: 'x', code: 'access_denied' }]],
  [checkUncaught, 'an exception', '17', [{ k: 'uncaught', what: 'oh' }]],
  [checkUncaught, 'an internal error', '17', [{ k: 'refused', conn: 'x', code: 'internal' }]],
  [checkDrain, 'a drain', undefined, [world(false), drain, { k: 'told', conn: 'x' }, drained]],
  [
    checkDrain,
    'a drain that tells nobody',
    '18',
    [world(false), drain, { k: 'gone', conn: 'x', code: 1012 }, drained],
  ],
  [checkDrain, 'a drain that leaves somebody behind', '18', [world(true), drain, drained]],
  [checkClocks, 'a jump that changes nothing', undefined, [kept('before', 3), kept('after', 3)]],
  [checkClocks, 'a jump that ages the log', '19', [kept('before', 3), kept('after', 8)]],
  [checkExpected, 'what came', undefined, [{ k: 'expected', what: 'an error', came: true }]],
  [checkExpected, 'what did not come', 'fault', [{ k: 'expected', what: 'an error', came: false }]],
];
