import { check } from './check/index.ts';
import type { Line, Violation } from './history.ts';
import { convergence, planOf } from './plan.ts';
import { Faults } from './world/faults.ts';
import { Life } from './world/life.ts';
import type { SimClient } from './world/client.ts';
import { World } from './world/world.ts';

export interface Run {
  readonly seed: number;
  readonly history: readonly Line[];
  readonly violations: readonly Violation[];
  readonly virtualMs: number;
  readonly events: number;
}

/** Longest closing handshake, silence and presence grace, and a little. */
const afterwards = 50_000;

/** One world from its first moment to its last, and what the checkers make of it. */
export async function run(seed: number): Promise<Run> {
  const world = new World(planOf(seed));
  const uncaught = (error: unknown): void => world.uncaught(error);
  process.on('unhandledRejection', uncaught);
  process.on('uncaughtException', uncaught);
  try {
    await live(world);
  } finally {
    process.off('unhandledRejection', uncaught);
    process.off('uncaughtException', uncaught);
  }
  const { history, clock } = world;
  return { seed, history, violations: check(history), virtualMs: clock.now, events: clock.events };
}

async function live(world: World): Promise<void> {
  const { clock, plan } = world;
  const faults = new Faults(world);
  new Life(world).begin();
  if (plan.faulty) faults.begin();
  await advance(world, plan.busy);
  world.busy = false;
  world.record({ k: 'stop' });
  // Publishers stop before the heal, or the next message would hide that the last one was lost.
  await advance(world, world.chance.between(200, 6000));
  faults.heal();
  world.record({ k: 'heal' });
  await converge(world);
  await stand(world);
  for (const client of world.clients) client.dispose();
  await clock.runUntil(clock.now + afterwards);
  leftovers(world);
  world.record({ k: 'end' });
}

/** Time passes, and the queues are looked at each second. */
async function advance(world: World, ms: number): Promise<void> {
  const { clock } = world;
  const end = clock.now + ms;
  while (clock.now < end) {
    await clock.runUntil(Math.min(end, clock.now + 1000));
    queues(world);
  }
}

/** Until everybody is where they should be, or the time for it is over. */
async function converge(world: World): Promise<void> {
  const end = world.clock.now + convergence;
  // Longer than the presence grace: what looks settled must not be about to change.
  await advance(world, 8000);
  while (world.clock.now < end && !(await isSettled(world))) await advance(world, 4000);
}

async function isSettled(world: World): Promise<boolean> {
  for (const client of world.clients) {
    if (!client.isAlive) return false;
    if (client.client.state !== 'connected') return false;
    if (client.client.stats().queued > 0) return false;
    for (const { at, channel, plan } of client.listening.values()) {
      if (!world.mayRead(client, plan.name)) continue;
      if (!['subscribed', 'recovered', 'reset'].includes(channel.status)) return false;
      if (!plan.kept || at === undefined) continue;
      const { epoch, offset } = await world.log.look(plan.name);
      if (at.epoch !== epoch || at.offset !== offset) return false;
    }
  }
  return world.nodes.every((node) => node.core.connections().length === liveCables(world, node.name));
}

function liveCables(world: World, node: string): number {
  return world.clients.filter(
    ({ cable, isAlive }) => isAlive && cable?.isOpen === true && cable.node.name === node,
  ).length;
}

/** Where everybody stands in the end. */
async function stand(world: World): Promise<void> {
  for (const client of world.clients) {
    for (const listening of client.listening.values()) await standOf(world, client, listening);
  }
  for (const node of world.nodes) {
    node.report();
    for (const { name, presence } of world.plan.channels) {
      if (!presence) continue;
      const live = node.core.connections().filter(({ channels }) => channels.includes(name));
      world.record({
        k: 'present',
        node: node.name,
        channel: name,
        members: membersOf(world, node.name, name),
        live: live.map(({ connectionId }) => connectionId).sort(),
      });
    }
  }
}

type Listening = SimClient['listening'] extends Map<string, infer Item> ? Item : never;

async function standOf(world: World, client: SimClient, { s, plan, channel, at }: Listening): Promise<void> {
  const { epoch, offset } = await world.log.look(plan.name);
  const { life, cable } = client;
  const may = world.mayRead(client, plan.name);
  world.record({
    k: 'stands',
    c: life,
    s,
    channel: plan.name,
    status: may ? channel.status : 'forbidden',
    state: client.client.state,
    ...(at === undefined || !plan.kept ? {} : { at }),
    top: { epoch, offset },
  });
  if (!plan.presence || !may || cable === undefined) return;
  world.record({
    k: 'roster',
    c: life,
    node: cable.node.name,
    channel: plan.name,
    shown: client.roster(plan.name),
    members: membersOf(world, cable.node.name, plan.name),
  });
}

function membersOf(world: World, node: string, channel: string): readonly string[] {
  const members = world.nodes.find(({ name }) => name === node)?.core.presence(channel) ?? [];
  return members.flatMap(({ metas }) => metas.map(({ connectionId }) => connectionId)).sort();
}

function queues(world: World): void {
  const message = 8000;
  for (const node of world.nodes) {
    if (!node.isUp) continue;
    const size = Math.max(0, ...node.core.connections().map(({ bufferedBytes }) => bufferedBytes));
    // Small ones say nothing; the largest of a run is what counts.
    if (size < 20_000) continue;
    const cap = Math.max(world.plan.outboxBytes, 65_536) + message;
    world.record({ k: 'queues', who: node.name, what: 'outbox', size, cap });
  }
  for (const client of world.clients) {
    if (!client.isAlive) continue;
    const { queued } = client.client.stats();
    // Beside what waits there is what is on its way: a burst, and what the pacer lets go in a publish's 60 seconds.
    if (queued > world.plan.queue)
      world.record({
        k: 'queues',
        who: client.life,
        what: 'queue',
        size: queued,
        cap: world.plan.queue + 2500,
      });
  }
}

function leftovers(world: World): void {
  const left = (who: string, what: string, count: number): void =>
    world.record({ k: 'leftover', who, what, count });
  for (const { life, env, client } of world.clients) {
    left(life, 'timers', env.part.pending);
    left(life, 'queued', client.stats().queued);
  }
  for (const { name, core, env, view, isUp } of world.nodes) {
    if (!isUp) continue;
    left(name, 'connections', core.connections().length);
    left(name, 'channels', core.channels().length);
    left(name, 'subscriptions', core.metrics.subscriptions);
    left(name, 'timers', env.part.pending);
    left(name, 'listeners at the log', view.subscribers);
    left(
      name,
      'members',
      world.plan.channels.reduce((sum, each) => sum + core.presence(each.name).length, 0),
    );
  }
}
