import { check } from '@thrum/sim/check';
import type { Line, Violation } from '@thrum/sim/history';
import { heapCap, limits } from './channels.ts';
import { sleep } from './clock.ts';
import type { Scenario } from './faults/scenario.ts';
import type { Counts } from './server/calls.ts';
import { isAtTop } from './world/client.ts';
import { World } from './world/world.ts';

/** The time in which everybody must have caught up after the heal: dead links, backoff, position checks, and a loaded machine. */
const convergence = 15_000;
/** The same for what must be gone after everybody has left. */
const afterwards = 10_000;

export interface RunOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly seconds: number;
  readonly folder: string;
  readonly plant: string | undefined;
  readonly shim: string | undefined;
  readonly onRound: (round: number) => void;
}

export interface Run {
  readonly history: readonly Line[];
  readonly violations: readonly Violation[];
  readonly rounds: number;
  /** Milliseconds from each heal until everybody was at the top. */
  readonly convergedIn: readonly number[];
}

/** One world with one kind of fault, again and again until its time is over, and what the checkers make of it. */
export async function run(options: RunOptions): Promise<Run> {
  const { scenario, seed, seconds, folder, plant, shim, onRound } = options;
  const { name, faulty = true, pad = 0, every = 12 } = scenario;
  const world = new World({ seed, scenario: name, folder, faulty, plant, shim, pad, every });
  const uncaught = (error: unknown): void => world.uncaught(error);
  process.on('unhandledRejection', uncaught).on('uncaughtException', uncaught);
  const convergedIn: number[] = [];
  const until = performance.now() + seconds * 1000;
  try {
    await world.begin();
    await scenario.prepare?.(world);
    await converge(world);
    for (;;) {
      const began = performance.now();
      onRound(convergedIn.length + 1);
      convergedIn.push(await round(world, scenario, convergedIn.length));
      // Another one only where there is time for it, but never just one.
      if (convergedIn.length > 1 && performance.now() + (performance.now() - began) > until) break;
    }
    await leave(world);
  } catch (error) {
    // A server that does not start or answer is a finding, and what led to it is worth reading.
    world.uncaught(error);
  } finally {
    await world.end();
    process.off('unhandledRejection', uncaught).off('uncaughtException', uncaught);
  }
  const history = world.history();
  return { history, violations: check(history), rounds: convergedIn.length, convergedIn };
}

async function round(world: World, scenario: Scenario, number: number): Promise<number> {
  const { chance } = world;
  const watching = watch(world);
  world.publish();
  await sleep(chance.between(300, 900));
  // A worker crashes by itself now and then; its successor goes on at the server's cursor.
  if (chance.chance(0.4)) world.client('wes').restart();
  const heal = await scenario.strike(world, chance.fork(`round ${number}`), number);
  await sleep(chance.between(50, 400));
  // Publishers stop before the heal, or the next message would hide that the last one was lost.
  world.quiet();
  await heal();
  world.paper.record({ k: 'heal' });
  const healed = world.paper.moment;
  const took = await converge(world);
  await stand(world, healed);
  await watching.stop();
  return took;
}

/** Until everybody is where they should be, or the time for it is over. */
async function converge(world: World): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < convergence && !(await isSettled(world))) await sleep(20);
  return Math.round(performance.now() - began);
}

async function isSettled(world: World): Promise<boolean> {
  if (!world.reader.isConnected) return false;
  const tops = await world.standings();
  return world.clients.every((client) => isAtTop(client, tops));
}

/** Where everybody stands in the end. */
async function stand(world: World, healed: number): Promise<void> {
  const tops = await world.standings();
  for (const { life, client, listening } of world.clients) {
    for (const { s, name, channel, at } of listening.values()) {
      const { epoch, offset } = tops[name] ?? at ?? { epoch: '', offset: 0 };
      world.paper.record({
        k: 'stands',
        c: life,
        s,
        channel: name,
        status: channel.status,
        state: client.state,
        ...(at === undefined || tops[name] === undefined ? {} : { at }),
        top: { epoch, offset },
        healed,
      });
    }
  }
  for (const channel of Object.keys(tops)) {
    // Newest first, so that the tail is looked at; and one more by chance.
    await world.reader.ask({ type: 'history', channel, reverse: true });
    await world.reader.page(world.chance, channel);
  }
}

/** Looks at memory and queues while a round goes on. */
function watch(world: World): { stop(): Promise<void> } {
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      await sleep(200);
      // A server that is down or stopped does not answer, and has nothing to show.
      const counts = await world.server.call('counts').catch(() => undefined);
      if (counts !== undefined) queues(world, counts);
    }
  })();
  return {
    stop: () => {
      over.abort();
      return looking;
    },
  };
}

function queues(world: World, { heap, outbox }: Counts): void {
  const who = 'server';
  // One message may be larger than what is left of the outbox, and a page of history is one message.
  const cap = limits.outboxBytes + 300 * (world.pad + 300);
  world.paper.record({ k: 'queues', who, what: 'outbox', size: outbox, cap });
  world.paper.record({ k: 'queues', who, what: 'heap', size: heap, cap: heapCap });
}

/** Everybody leaves; the server must be as it was before they came. */
async function leave(world: World): Promise<void> {
  await world.leave();
  const { baseline } = world.server;
  if (baseline === undefined) return;
  const names = ['connections', 'subscriptions', 'channels', 'timers', 'sockets'] as const;
  const left = async (): Promise<readonly (readonly [string, number])[]> => {
    const counts = await world.server.call('counts');
    return names.map((name) => [name, Math.max(0, counts[name] - baseline[name])] as const);
  };
  const began = performance.now();
  let found = await left();
  while (found.some(([, count]) => count > 0) && performance.now() - began < afterwards) {
    await sleep(50);
    found = await left();
  }
  for (const [what, count] of found) world.paper.record({ k: 'leftover', who: 'server', what, count });
}
