import { Random } from './random.ts';

export interface ChannelPlan {
  readonly name: string;
  /** Kept in the log; else ephemeral. */
  readonly kept: boolean;
  readonly size: number;
  readonly ttl: number;
  readonly presence: boolean;
  /** Subscribed with `ack: true`. */
  readonly ack: boolean;
  /** Only for those in the `Rights`. */
  readonly guarded: boolean;
  /** Bytes of padding in each message. */
  readonly pad: number;
  /** Milliseconds of conflation; 0: none. */
  readonly every: number;
}

export interface ClientPlan {
  readonly name: string;
  readonly user: string;
  readonly listens: readonly string[];
  readonly publishes: readonly string[];
  /** Milliseconds between publishes, on average. */
  readonly every: number;
  /** Seconds that a token lives; 0: for ever. */
  readonly tokenSeconds: number;
  readonly latency: number;
  /** Channels of which it asks for less, and how much of them, publications a second. */
  readonly slow: readonly string[];
  readonly maxRate: number;
}

const brokers = ['memory', 'memory-net', 'embedded', 'shared'] as const;

/** One world, drawn from its seed. */
export interface Plan {
  readonly seed: number;
  readonly faulty: boolean;
  /** `memory`: in the node's process · `memory-net`: behind a network · `embedded`: a disk · `shared`: a server with a disk. */
  readonly broker: (typeof brokers)[number];
  readonly nodes: number;
  readonly channels: readonly ChannelPlan[];
  readonly clients: readonly ClientPlan[];
  readonly historyPage: number;
  readonly outboxBytes: number;
  readonly inboxFrames: number;
  readonly queue: number;
  /** Milliseconds in which things go wrong and messages are published. */
  readonly busy: number;
  /** Milliseconds between faults, on average. */
  readonly faultEvery: number;
  readonly hookLatency: number;
}

/** The time in which everybody must have caught up after the heal: backoff 37.5 s, dead links 40 s, position check 60 s. */
export const convergence = 110_000;

export function planOf(seed: number): Plan {
  const chance = new Random(seed).fork('plan');
  const faulty = seed % 4 !== 0;
  const broker = chance.pick(brokers);
  const plain = planChannels(chance);
  const clients = planClients(chance, plain);
  // Drawn apart, so that whatever else a seed stands for stays as it was.
  const rates = new Random(seed).fork('rates');
  const conflated = planConflated(rates);
  const channels = [...plain, ...conflated];
  return {
    seed,
    faulty,
    broker,
    nodes: broker === 'shared' ? chance.whole(1, 3) : 1,
    channels,
    clients: clients.map((client, index) => paced(rates, client, index, plain, conflated)),
    historyPage: chance.pick([300, 300, 300, 12]),
    outboxBytes: chance.pick([72_000, 100_000, 1_048_576]),
    queue: chance.pick([100, 100, 8]),
    busy: chance.between(20_000, 60_000),
    faultEvery: chance.between(1500, 8000),
    hookLatency: chance.chance(0.4) ? chance.between(1, 300) : 0,
    inboxFrames: chance.pick([256, 256, 256, 6]),
  };
}

function planChannels(chance: Random): readonly ChannelPlan[] {
  const plain = {
    kept: true,
    size: 300,
    ttl: 300_000,
    presence: false,
    ack: false,
    guarded: false,
    pad: 0,
    every: 0,
  };
  const all: readonly ChannelPlan[] = [
    { ...plain, name: 'short:a', size: chance.whole(3, 8) },
    { ...plain, name: 'brief:a', size: 50, ttl: chance.between(3000, 15_000) },
    { ...plain, name: 'live:a', kept: false },
    { ...plain, name: 'room:a', presence: true, size: 40 },
    { ...plain, name: 'work:a', ack: true },
    { ...plain, name: 'vault:a', guarded: true, presence: chance.chance(0.5) },
    { ...plain, name: 'fat:a', pad: 6000, size: 30 },
  ];
  return [{ ...plain, name: 'main:a' }, ...all.filter(() => chance.chance(0.45))];
}

function planConflated(chance: Random): readonly ChannelPlan[] {
  const every = (): number => chance.pick([50, 200, 1500]);
  const plain = { size: 300, ttl: 300_000, presence: false, ack: false, guarded: false, pad: 0 };
  const all: readonly ChannelPlan[] = [
    { ...plain, name: 'dash:a', kept: true, every: every() },
    { ...plain, name: 'cursor:a', kept: false, every: every() },
  ];
  return all.filter(() => chance.chance(0.45));
}

/** The same client beside conflated channels, and with rates of its own. */
function paced(
  chance: Random,
  client: ClientPlan,
  index: number,
  plain: readonly ChannelPlan[],
  conflated: readonly ChannelPlan[],
): ClientPlan {
  const some = (among: readonly ChannelPlan[], probability: number): readonly string[] =>
    among.filter(({ ack }) => !ack && chance.chance(probability)).map(({ name }) => name);
  return {
    ...client,
    listens: [...client.listens, ...some(conflated, index === 0 ? 1 : 0.7)],
    publishes: [...client.publishes, ...some(conflated, index === 1 ? 1 : 0.4)],
    slow: some([...plain, ...conflated], 0.2),
    maxRate: chance.pick([20, 3, 0.5]),
  };
}

function planClients(chance: Random, channels: readonly ChannelPlan[]): readonly ClientPlan[] {
  const users = ['ada', 'bob', 'cyd', 'dan'];
  return Array.from({ length: chance.whole(2, 5) }, (_, index) => {
    const some = (probability: number): readonly string[] =>
      channels.filter(() => chance.chance(probability)).map(({ name }) => name);
    return {
      name: `c${index + 1}`,
      user: chance.chance(0.2) ? 'ada' : (users[index % users.length] ?? 'eve'),
      listens: index === 0 ? channels.map(({ name }) => name) : some(0.7),
      publishes: index === 1 ? channels.map(({ name }) => name) : some(0.4),
      every: chance.between(200, 2500),
      tokenSeconds: chance.chance(0.3) ? chance.whole(8, 30) : 0,
      latency: chance.pick([0.5, 5, 40, 200]),
      slow: [],
      maxRate: 0,
    };
  });
}
