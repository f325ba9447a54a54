import type { Checker, Line, Violation } from '../history.ts';
import { checkConflation } from './conflation.ts';
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
} from './end.ts';
import { checkEpochs, checkOneMessage, checkOrder, checkSent } from './log.ts';
import { checkAcknowledged, checkOutcomes } from './outcomes.ts';
import { checkRights } from './rights.ts';
import { checkNamed, checkStreams } from './streams.ts';
import { checkTransient } from './transient.ts';
import { checkPages, checkWire } from './wire.ts';

/** What each invariant says. */
export const invariants: Readonly<Record<string, string>> = {
  '1': 'no acknowledged publish is lost',
  '2': 'one (channel, epoch, offset) is one message, for every reader',
  '3': 'nothing is delivered that was not sent',
  '4': 'no duplicate reaches the application through the SDK',
  '5': 'per-channel offsets +1, or a reset in between',
  '6': 'per-publisher order',
  '7': 'recovered:true means no gap',
  '8': 'after a fault heals every subscriber reaches the top in bounded time',
  '9': 'nobody receives what they may not read',
  '10': 'presence equals the live connections',
  '11': 'counters equal a recount',
  '14': 'memory and queues stay under their caps',
  '15': 'after all leave, everything returns to the baseline',
  '17': 'no uncaught exception',
  '18': 'a drain tells everyone and ends in time',
  '19': 'wall-clock jumps change no order and no TTL',
  '20': 'a lost log changes the epoch, and positions are true',
  conflation: 'what is left out gave way to a newer value of its key, which comes, in time and not too often',
  fault: 'a fault does what it must, and leaves the rest alone',
  outcome: 'every publish promise settles once, and truthfully',
};

export const checkers: readonly Checker[] = [
  checkEpochs,
  checkOneMessage,
  checkSent,
  checkOrder,
  checkAcknowledged,
  checkOutcomes,
  checkStreams,
  checkTransient,
  checkNamed,
  checkWire,
  checkPages,
  checkConflation,
  checkRights,
  checkConvergence,
  checkPresence,
  checkCounts,
  checkQueues,
  checkLeftovers,
  checkUncaught,
  checkDrain,
  checkClocks,
  checkExpected,
];

/** Every promise that was broken, in the order in which it shows. */
export function check(history: readonly Line[]): Violation[] {
  return checkers.flatMap((checker) => checker(history)).sort((a, b) => a.at - b.at);
}
