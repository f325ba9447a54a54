import { Clock } from '../clock.ts';
import type { Happening, Line } from '../history.ts';
import type { Plan } from '../plan.ts';
import { Random } from '../random.ts';
import { type Surroundings, SimClient } from './client.ts';
import { SimLog } from './log.ts';
import { SimNode } from './node.ts';
import { Rights } from './rights.ts';

/** Everything there is in one run. */
export class World implements Surroundings {
  readonly plan: Plan;
  readonly clock: Clock = new Clock();
  readonly chance: Random;
  readonly history: Line[] = [];
  readonly log: SimLog;
  readonly rights: Rights;
  readonly nodes: readonly SimNode[];
  readonly clients: readonly SimClient[];
  /** Publishers are at work. */
  busy = true;
  private sessions = 0;
  private calls = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.chance = new Random(plan.seed).fork('world');
    this.clock.onUncaught = (error) => this.uncaught(error);
    const { seed, faulty, broker, outboxBytes, queue } = plan;
    this.record({ k: 'world', seed, faulty, broker, nodes: plan.nodes, outboxBytes, queue });
    const fsyncMs = broker === 'embedded' || broker === 'shared' ? this.chance.between(1, 25) : undefined;
    this.log = new SimLog(this, fsyncMs);
    for (const { name, kept, guarded, every } of plan.channels) {
      const durable = kept && this.log.durable;
      const conflation = every > 0 ? { every } : {};
      this.record({ k: 'channel', channel: name, kept, durable, guarded, ...conflation });
    }
    this.rights = new Rights(this);
    for (const { name, guarded } of plan.channels) {
      if (!guarded) continue;
      for (const user of new Set(plan.clients.map((client) => client.user)))
        if (this.chance.chance(0.6)) this.rights.grant(user, name);
    }
    this.nodes = Array.from(
      { length: plan.nodes },
      (_, index) => new SimNode(this, plan, `n${index + 1}`, this.log, this.rights),
    );
    this.clients = plan.clients.map((client) => new SimClient(this, client));
  }

  get moment(): number {
    return Math.round(this.clock.now * 10) / 10;
  }

  record(happening: Happening): void {
    this.history.push({ t: this.moment, ...happening });
  }

  uncaught(error: unknown): void {
    this.record({
      k: 'uncaught',
      what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }

  nextSession(): number {
    this.sessions += 1;
    return this.sessions;
  }

  nextCall(): number {
    this.calls += 1;
    return this.calls;
  }

  /** Whether a client may read a channel now. */
  mayRead(client: SimClient, channel: string): boolean {
    const guarded = this.plan.channels.find(({ name }) => name === channel)?.guarded ?? false;
    return !guarded || this.rights.allows(client.plan.user, channel);
  }
}
