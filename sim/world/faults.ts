import { Part } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Cable } from './cable.ts';
import type { SimClient } from './client.ts';
import type { SimNode } from './node.ts';
import type { Trouble } from './view.ts';
import type { World } from './world.ts';

type Undo = () => void;

/** What goes wrong, and what ends it; `undefined` where it cannot happen now. */
type Fault = (world: World, chance: Random) => Undo | undefined;

const once: Undo = () => undefined;

const onCable =
  (run: (cable: Cable, chance: Random) => void, undo: (cable: Cable) => void = once): Fault =>
  (world, chance) => {
    const { cable } = chance.pick(world.clients);
    if (cable?.isOpen !== true) return undefined;
    run(cable, chance);
    return () => undo(cable);
  };

const onClient =
  (run: (client: SimClient, chance: Random) => Undo): Fault =>
  (world, chance) => {
    const client = chance.pick(world.clients);
    return client.isAlive ? run(client, chance) : undefined;
  };

const onNode =
  (run: (node: SimNode, chance: Random, world: World) => Undo): Fault =>
  (world, chance) => {
    const node = chance.pick(world.nodes);
    return node.isUp ? run(node, chance, world) : undefined;
  };

const trouble = (kind: keyof Trouble, low: number, high: number): Fault =>
  onNode((node, chance) => {
    const { view } = node;
    view.trouble[kind] = chance.between(low, high);
    return () => {
      view.trouble[kind] = 0;
    };
  });

const thaw = (cable: Cable): void => cable.restore();

/** By the name under which the history and the `sometimes` counts know them. */
export const faults: Readonly<Record<string, Fault>> = {
  'link-cut': onCable((cable) => cable.cut()),
  'link-half-open': onCable((cable) => cable.halfOpen()),
  'link-frozen-up': onCable((cable) => cable.freezeUp(), thaw),
  'link-frozen-down': onCable((cable) => cable.freezeDown(), thaw),
  /** What is on its way down, acks too, is lost with the cut that follows. */
  'acks-lost': onCable(
    (cable) => cable.freezeDown(),
    (cable) => cable.cut(),
  ),
  'slow-reader': onCable((cable, chance) => cable.slow(chance.between(0.3, 4)), thaw),
  'close-to-be-lost': onCable((cable) => {
    cable.losesClose = true;
  }),
  'network-refused': onClient((client) => {
    client.network = 'refused';
    client.cable?.cut();
    return () => (client.network = 'up');
  }),
  'network-lost': onClient((client) => {
    client.network = 'lost';
    client.cable?.halfOpen();
    return () => (client.network = 'up');
  }),
  'page-hidden': onClient((client) => {
    client.hide();
    return () => client.show();
  }),
  'page-killed': onClient((client, chance) => {
    const names = [...client.listening.keys()];
    client.kill(chance.chance(0.5));
    return () => {
      client.begin();
      for (const name of names) client.listen(name);
    };
  }),
  'listener-slow': onClient((client, chance) => {
    client.slowness = chance.between(4000, 26_000);
    return () => (client.slowness = 0);
  }),
  'token-server-down': onClient((client) => {
    client.tokens = 'failing';
    return () => (client.tokens = 'good');
  }),
  'token-bad': onClient((client) => {
    client.tokens = 'bad';
    client.cable?.cut();
    return () => (client.tokens = 'good');
  }),
  'client-clock-jump': onClient((client, chance) => {
    client.env.skew = chance.between(-7_200_000, 7_200_000);
    const { env } = client;
    return () => (env.skew = 0);
  }),
  'node-crash': onNode((node, chance) => {
    node.crash(chance.chance(0.4));
    return () => node.boot();
  }),
  'node-drain': onNode((node, chance) => {
    void node.drain(chance.between(300, 4000));
    return () => {
      if (!node.isUp) node.boot();
    };
  }),
  'node-clock-jump': onNode((node, chance, world) => clockJump(world, node, chance)),
  'auth-down': onNode((node) => {
    node.authDown = true;
    return () => (node.authDown = false);
  }),
  disconnect: (world, chance) => {
    const { user } = chance.pick(world.clients).plan;
    for (const node of world.nodes) if (node.isUp) node.core.disconnect(user);
    return once;
  },
  'log-wipe': ({ log }) => {
    log.lose('wipe');
    return once;
  },
  'log-wipe-after-read': ({ log }) => {
    log.wipeAfterRead = true;
    return () => (log.wipeAfterRead = false);
  },
  'log-power-loss': ({ log, plan }) => {
    if (plan.broker !== 'shared') return undefined;
    log.crash();
    return once;
  },
  'log-stalled': onNode((node) => {
    const { view } = node;
    view.stall();
    return () => view.heal();
  }),
  'notifications-delayed': onNode((node) => {
    const { view } = node;
    view.delay();
    return () => view.heal();
  }),
  'notifications-lost': trouble('notificationLost', 0.1, 1),
  'notifications-twice': trouble('notificationTwice', 0.2, 1),
  'reads-fail': trouble('readFails', 0.2, 0.9),
  'publishes-fail': trouble('publishFails', 0.05, 0.6),
  'publishes-unknown': trouble('publishUnknown', 0.05, 0.6),
  'subscribes-fail': trouble('subscribeFails', 0.3, 0.9),
  revoked: (world, chance) => revoke(world, chance),
};

function clockJump(world: World, node: SimNode, chance: Random): Undo {
  const { env } = node;
  const jump = (ms: number): void => {
    look(world, 'before');
    env.skew = ms;
    // Where the log lives in the node's machine, its clock is the same one.
    if (world.plan.broker === 'memory' || world.plan.broker === 'embedded') world.log.skew = ms;
    look(world, 'after');
  };
  jump(chance.between(-7_200_000, 7_200_000));
  return () => jump(0);
}

function look(world: World, when: 'before' | 'after'): void {
  for (const { name, kept } of world.plan.channels) {
    if (!kept) continue;
    void world.log
      .look(name)
      .then(({ epoch, offset, oldest }) =>
        world.record({ k: 'kept', when, channel: name, oldest, top: { epoch, offset } }),
      );
  }
}

function revoke(world: World, chance: Random): Undo | undefined {
  const guarded = world.plan.channels.filter((channel) => channel.guarded);
  const [channel] = guarded;
  const user = chance.pick(world.clients).plan.user;
  if (channel === undefined || !world.rights.allows(user, channel.name)) return undefined;
  world.rights.revoke(user, channel.name);
  for (const node of world.nodes) if (node.isUp) node.core.unsubscribeUser(user, channel.name);
  return () => {
    world.rights.grant(user, channel.name);
    for (const client of world.clients) {
      if (client.plan.user !== user || !client.listening.has(channel.name)) continue;
      client.unlisten(channel.name);
      client.listen(channel.name);
    }
  };
}

/** Starts faults while the world is busy, and ends each after a while or at the heal. */
export class Faults {
  private readonly world: World;
  private readonly chance: Random;
  private readonly part = new Part('faults');
  private readonly active = new Set<Undo>();
  private readonly names = Object.keys(faults);

  constructor(world: World) {
    this.world = world;
    this.chance = world.chance.fork('faults');
  }

  begin(): void {
    this.next();
  }

  /** All that can be mended is mended; what is dead stays dead. */
  heal(): void {
    for (const undo of [...this.active]) undo();
    for (const node of this.world.nodes) {
      // One that is still draining is left to its end.
      if (node.isUp) node.view.heal();
      else node.boot();
    }
  }

  private next(): void {
    this.world.clock.after(this.chance.wait(this.world.plan.faultEvery), this.part, () => {
      if (!this.world.busy) return;
      this.strike(this.chance.pick(this.names));
      this.next();
    });
  }

  private strike(name: string): void {
    const { world, chance, active } = this;
    const undo = faults[name]?.(world, chance);
    if (undo === undefined) return;
    world.record({ k: 'fault', fault: name });
    const end = (): void => {
      if (active.delete(end)) undo();
    };
    active.add(end);
    // A fifth lasts until the heal, so that the end of the publishing falls into it.
    if (chance.chance(0.8)) world.clock.after(chance.wait(5000), this.part, end);
  }
}
