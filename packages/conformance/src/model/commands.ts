import * as fc from 'fast-check';
import { expect } from 'vitest';
import { Model, type Place, settings } from './model.ts';
import type { Real } from './real.ts';

/** What a client remembers, and whether it is there. */
interface Seat {
  state: 'away' | 'connected' | 'subscribed';
  /** Every position it ever stood at, over all its connections. */
  readonly known: Place[];
}

/** The model of the log, and of who listens to it. */
export class World extends Model {
  readonly seats: Seat[] = Array.from({ length: settings.clients }, () => ({ state: 'away', known: [] }));
  /** How often each thing happened that the promises are about. */
  readonly met: Record<string, number>;
  frames = 0;

  constructor(met: Record<string, number>) {
    super();
    this.met = met;
  }

  meet(what: string): void {
    this.met[what] = (this.met[what] ?? 0) + 1;
  }
}

type Command = fc.AsyncCommand<World, Real>;
type Run = (world: World, real: Real) => Promise<void>;

/** One that leaves nothing unchecked: after it the log is what the model says. */
function command(name: string, run: Run, check: (world: World) => boolean = () => true): Command {
  return {
    check: (world) => check(world as World),
    async run(world, real) {
      await run(world, real);
      await real.compare(world);
      for (const { state, known } of world.seats) if (state === 'subscribed') known.push(world.place);
    },
    toString: () => name,
  };
}

/** Denials leave at the next multiple of it. */
const denialStep = 25;

async function pass(world: World, real: Real, ms: number): Promise<void> {
  await real.host.age?.(ms);
  await real.env.advance(ms);
  world.now += ms;
}

const welcome = expect.objectContaining({ type: 'welcome' });
const isHere = (who: number) => (world: World) => world.seats[who]?.state !== 'away';

const connect = (who: number): Command =>
  command(`connect(${who})`, async (world, real) => {
    real.connect(who);
    world.seats[who]!.state = 'connected';
    await real.gets(new Map([[who, [welcome]]]));
  });

const drop = (who: number): Command =>
  command(
    `drop(${who})`,
    async (world, real) => {
      real.drop(who);
      world.seats[who]!.state = 'away';
      await real.gets(new Map());
    },
    isHere(who),
  );

/** Subscribes; with `since`, what the model says of it decides what comes. */
async function subscribe(world: World, real: Real, who: number, since: Place | undefined, before: object[]) {
  const id = `s${(world.frames += 1)}`;
  const seat = world.seats[who]!;
  real.send(who, { type: 'subscribe', id, ...(since && { since: real.position(since) }) });
  if (world.denied.has(`u${who}`)) {
    world.meet('a subscription was denied');
    if (seat.state === 'subscribed')
      throw new Error('the model is wrong: whoever is denied is no subscriber');
    await pass(world, real, denialStep);
    return real.gets(new Map([[who, [...before, denied(id, 'subscribe')]]]));
  }
  const missed = since && world.missedSince(since);
  const recovered = missed !== undefined;
  const position = real.position(recovered ? since! : world.place);
  const answer = { type: 'subscribed', channel: 'a', position, recovered, id };
  seat.state = 'subscribed';
  if (since !== undefined) world.meet(recovered ? 'recovered' : 'was not recoverable');
  if (since !== undefined && since.life !== world.life) world.meet('came from another life of the log');
  if (missed !== undefined && missed.length > 0) world.meet('got what was missed');
  const replayed = (missed ?? []).map((entry) => real.publication(entry));
  return real.gets(new Map([[who, [...before, answer, ...replayed]]]));
}

const join = (who: number): Command =>
  command(`subscribe(${who})`, (world, real) => subscribe(world, real, who, undefined, []), isHere(who));

/** A new connection, that goes on from a position it once stood at. */
const reconnect = (who: number, share: number): Command =>
  command(
    `reconnect(${who}, ${share} %)`,
    async (world, real) => {
      const { known, ...seat } = world.seats[who]!;
      const since = known[Math.round(((known.length - 1) * share) / 100)]!;
      real.connect(who);
      world.seats[who] = { ...seat, known, state: 'connected' };
      await subscribe(world, real, who, since, [welcome]);
    },
    (world) => world.seats[who]!.known.length > 0,
  );

function denied(id: string, action: 'subscribe' | 'publish'): object {
  const message = action === 'publish' ? 'Cannot send to channel' : 'Access denied to channel';
  return { type: 'error', code: 'access_denied', message, retry: false, channel: 'a', id };
}

/** Everybody who listens gets the newest publication; `author` gets an answer after it. */
function delivered(world: World, real: Real, isNew: boolean, author?: number, answer?: object) {
  const entry = world.kept.at(-1);
  const news = isNew && entry !== undefined ? [real.publication(entry)] : [];
  return new Map(
    world.seats.map(({ state }, who) => [
      who,
      [...(state === 'subscribed' ? news : []), ...(who === author && answer ? [answer] : [])],
    ]),
  );
}

/** A client's publish. The same few ids again and again, sometimes with another body. */
const publish = (who: number, number: number, body: number): Command =>
  command(
    `publish(${who}, m-${number}, ${body})`,
    async (world, real) => {
      const id = `m-${number}`;
      const author = `u${who}`;
      real.send(who, { type: 'message', data: body, id });
      if (world.denied.has(author)) {
        world.meet('a publish was denied');
        await pass(world, real, denialStep);
        return real.gets(new Map([[who, [denied(id, 'publish')]]]));
      }
      const outcome = world.publish(author, id, body);
      world.meet(outcome.kind);
      const conflict = { type: 'error', code: 'id_conflict', retry: false, channel: 'a', id };
      const answer =
        outcome.kind === 'conflict'
          ? { ...conflict, message: 'This id was used for another message' }
          : {
              type: 'ack',
              channel: 'a',
              position: real.position(outcome.place),
              ...(outcome.kind === 'duplicate' ? { duplicate: true } : {}),
              id,
            };
      return real.gets(delivered(world, real, outcome.kind === 'published', who, answer));
    },
    isHere(who),
  );

/** So many by the server that the log is trimmed. */
const trim = (count: number): Command =>
  command(`server publishes(${count})`, async (world, real) => {
    for (let n = 0; n < count; n += 1) {
      world.publish(undefined, undefined, n);
      await real.core.publish('a', 'message', n);
      await real.gets(delivered(world, real, true));
    }
    if (world.top > settings.size) world.meet('trimmed');
  });

const expire = (ms: number): Command =>
  command(`expire(${ms} ms)`, async (world, real) => {
    const { kept } = world;
    await pass(world, real, ms);
    if (world.kept.length < kept.length) world.meet('expired');
    await real.gets(new Map());
  });

const revoke = (who: number): Command =>
  command(`revoke(${who})`, async (world, real) => {
    const user = `u${who}`;
    const seat = world.seats[who]!;
    for (const set of [world.denied, real.denied]) set.add(user);
    real.core.unsubscribeUser(user, 'a');
    const told = { type: 'unsubscribed', channel: 'a', code: 'access_denied' };
    await real.gets(new Map([[who, seat.state === 'subscribed' ? [told] : []]]));
    if (seat.state === 'subscribed') {
      world.meet('a subscription was revoked');
      seat.state = 'connected';
    }
  });

const grant = (who: number): Command =>
  command(`grant(${who})`, async (world, real) => {
    for (const set of [world.denied, real.denied]) set.delete(`u${who}`);
    await real.gets(new Map());
  });

/** The node stops and starts again; `isLost`: what it had on disk is removed in between. */
const restart = (isLost: boolean): Command =>
  command(isLost ? 'wipe' : 'restart', async (world, real) => {
    await real.stop();
    if (isLost) real.host.lose();
    if (isLost || !real.host.keeps) world.lose();
    world.meet(isLost ? 'wiped' : 'restarted');
    for (const seat of world.seats) seat.state = 'away';
    real.start();
  });

const who = fc.nat(settings.clients - 1);
const often = (times: number, arbitrary: fc.Arbitrary<Command>) =>
  Array.from({ length: times }, () => arbitrary);
export const commands: fc.Arbitrary<Command>[] = [
  ...often(3, who.map(connect)),
  ...often(3, who.map(join)),
  ...often(
    5,
    fc.tuple(who, fc.nat(100)).map((args) => reconnect(...args)),
  ),
  ...often(
    6,
    fc.tuple(who, fc.nat(5), fc.nat({ max: 1 })).map((args) => publish(...args)),
  ),
  ...often(2, fc.integer({ min: 1, max: settings.size + 2 }).map(trim)),
  who.map(drop),
  fc.constantFrom(20_000, settings.ttl, settings.keyTtl).map(expire),
  who.map(revoke),
  ...often(2, who.map(grant)),
  fc.boolean().map(restart),
];
