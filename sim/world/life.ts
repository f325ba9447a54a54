import { Part } from '../clock.ts';
import type { Happening } from '../history.ts';
import type { SimClient } from './client.ts';
import { pageOf } from '../wire-lines.ts';
import type { Random } from '../random.ts';
import type { World } from './world.ts';

/** What people and programs do all day, with faults and without. */
export class Life {
  private readonly world: World;
  private readonly chance: Random;
  private readonly part = new Part('life');
  /** Of its own, so that it draws nothing from the rest. */
  private readonly pacing: Random;
  private counter = 0;

  constructor(world: World) {
    this.world = world;
    this.chance = world.chance.fork('life');
    this.pacing = world.chance.fork('pacing');
  }

  begin(): void {
    const { world, chance } = this;
    for (const client of world.clients) {
      this.settleIn(client);
      for (const channel of client.plan.publishes)
        this.often(client.plan.every, () => {
          client.publish(channel);
          // Bursts fill queues; single messages never do.
          if (chance.chance(0.03)) for (let n = 0; n < chance.whole(5, 25); n += 1) client.publish(channel);
        });
    }
    const names = world.plan.channels.map(({ name }) => name);
    this.often(1500, () => this.publishAsServer(chance.pick(names)));
    this.often(2500, () => this.read(chance.pick(world.clients), chance.pick(names)));
    this.often(6000, () => this.hop(chance.pick(world.clients)));
    this.pace();
    this.often(25_000, () => this.reload(chance.pick(world.clients)));
    this.often(12_000, () => this.subscribeUser());
    this.often(30_000, () => this.deploy());
    const rooms = world.plan.channels.filter(({ presence }) => presence);
    if (rooms.length > 0)
      this.often(4000, () => chance.pick(world.clients).showState(chance.pick(rooms).name));
  }

  private settleIn(client: SimClient): void {
    for (const channel of client.plan.listens) {
      this.world.clock.after(this.chance.between(0, 2000), this.part, () => this.listen(client, channel));
    }
  }

  private listen(client: SimClient, channel: string): void {
    const since = this.chance.pick([
      undefined,
      undefined,
      'latest' as const,
      { last: this.chance.whole(1, 20) },
    ]);
    client.listen(channel, since);
  }

  /** As long as publishers are at work, `mean` milliseconds apart. */
  private often(mean: number, run: () => void): void {
    this.world.clock.after(this.chance.wait(mean), this.part, () => {
      if (!this.world.busy) return;
      run();
      this.often(mean, run);
    });
  }

  private publishAsServer(channel: string): void {
    const { world } = this;
    const node = this.chance.pick(world.nodes);
    if (!node.isUp) return;
    this.counter += 1;
    const { part } = node.env;
    // A publisher of its own for each process: between two there is no order.
    const v = `${part.name}#${this.counter}`;
    const call = world.nextCall();
    const id = this.chance.chance(0.5) ? `${v}!` : undefined;
    const options = id === undefined ? {} : { id };
    world.record({ k: 'publish', call, v, channel, ...options });
    const settled = (line: Happening): void => {
      if (part.alive) world.record(line);
    };
    node.core.publish(channel, 'message', { v }, options).then(
      ({ position, duplicate }) =>
        settled({
          k: 'settled',
          call,
          ok: true,
          duplicate,
          ...(position === undefined ? {} : { at: position }),
        }),
      (error: { readonly code?: string }) =>
        settled({ k: 'settled', call, ok: false, code: error.code ?? 'none' }),
    );
  }

  private read(client: SimClient, channel: string): void {
    const { world, chance } = this;
    if (chance.chance(0.7)) {
      if (client.isAlive) client.read(channel);
      return;
    }
    const node = chance.pick(world.nodes);
    if (!node.isUp) return;
    const asked = world.moment;
    const reverse = chance.chance(0.5);
    const { part } = node.env;
    node.core.history(channel, { limit: chance.whole(1, 40), reverse }).then(
      (page) => {
        if (part.alive)
          world.record({ k: 'page', conn: 'server', channel, asked, reverse, ...pageOf({ ...page }) });
      },
      () => undefined,
    );
  }

  private pace(): void {
    const { pacing, world } = this;
    world.clock.after(pacing.wait(7000), this.part, () => {
      if (!world.busy) return;
      const client = pacing.pick(world.clients);
      if (client.plan.slow.length > 0)
        client.pace(pacing.pick(client.plan.slow), pacing.pick([undefined, 20, 1]));
      this.pace();
    });
  }

  private hop(client: SimClient): void {
    const channel = this.chance.pick(client.plan.listens.length > 0 ? client.plan.listens : ['main:a']);
    if (!client.isAlive || !client.listening.has(channel)) return;
    client.unlisten(channel);
    // Before, at and after the end of the SDK's linger.
    this.world.clock.after(this.chance.pick([0, 200, 500, 600, 3000]), this.part, () => {
      if (client.isAlive) this.listen(client, channel);
    });
  }

  private reload(client: SimClient): void {
    if (!client.isAlive) return;
    for (const channel of [...client.listening.keys()]) client.unlisten(channel);
    if (this.chance.chance(0.5)) client.dispose();
    client.kill(false);
    this.world.clock.after(this.chance.between(50, 8000), this.part, () => {
      client.begin();
      this.settleIn(client);
    });
  }

  /** A rolling deploy: one node after the other is drained and started again. */
  private deploy(): void {
    const node = this.chance.pick(this.world.nodes);
    if (!node.isUp) return;
    this.world.record({ k: 'fault', fault: 'deploy', on: node.name });
    const { core } = node;
    void node.drain(3000).then(() => {
      this.world.clock.after(this.chance.between(100, 3000), this.part, () => {
        if (!node.isUp && node.core === core) node.boot();
      });
    });
  }

  /** The application subscribes somebody, who may be there already or on the way. */
  private subscribeUser(): void {
    const { world, chance } = this;
    const client = chance.pick(world.clients);
    const { name } = chance.pick(world.plan.channels);
    if (!world.mayRead(client, name)) return;
    const node = chance.pick(world.nodes);
    if (!node.isUp) return;
    world.record({ k: 'fault', fault: 'server-subscribes', on: client.life });
    void node.core.subscribeUser(client.plan.user, name).catch(() => undefined);
  }
}
