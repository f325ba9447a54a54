import { type ChannelDefinition, type Core, createCore, type Log, ThrumError } from '@thrum/core';
import { Part, SimEnv } from '../clock.ts';
import { keyOf } from '../history.ts';
import type { Plan } from '../plan.ts';
import { Cable } from './cable.ts';
import { SimLog } from './log.ts';
import type { Rights } from './rights.ts';
import type { Stage } from './stage.ts';
import { Tap } from './tap.ts';
import { View } from './view.ts';

const sweepEvery = 1000;

/** One server: processes come and go, its name and its disk stay. */
export class SimNode {
  readonly name: string;
  readonly cables = new Set<Cable>();
  isUp = false;
  /** Tokens cannot be verified now. */
  authDown = false;
  /** Timers of the transport, which are not the core's. */
  edge = new Part('edge');
  private readonly stage: Stage;
  private readonly plan: Plan;
  private readonly log: SimLog;
  private readonly rights: Rights;
  private lives = 0;
  /** Comes back by itself once it is drained. */
  private returns = false;
  private process: { readonly env: SimEnv; readonly core: Core; readonly view: View } | undefined;

  constructor(stage: Stage, plan: Plan, name: string, log: SimLog, rights: Rights) {
    this.stage = stage;
    this.plan = plan;
    this.name = name;
    this.log = log;
    this.rights = rights;
    this.boot();
  }

  get core(): Core {
    return this.now.core;
  }

  get env(): SimEnv {
    return this.now.env;
  }

  get view(): View {
    return this.now.view;
  }

  private get now(): { readonly env: SimEnv; readonly core: Core; readonly view: View } {
    if (this.process === undefined) throw new Error(`${this.name} was never started`);
    return this.process;
  }

  tap(cable: Cable): Tap {
    return new Tap(this.stage, cable);
  }

  boot(): void {
    if (this.isUp) return;
    this.lives += 1;
    const { stage, plan } = this;
    const life = `${this.name}.${this.lives}`;
    const part = new Part(life);
    const env = new SimEnv(stage.clock, part, stage.chance.fork(life));
    const latency = plan.broker === 'memory' || plan.broker === 'embedded' ? 0 : 3;
    const view = new View(stage, this.log, part, latency);
    this.process = { env, view, core: this.compose(env, view) };
    this.isUp = true;
    this.edge = new Part('edge');
    this.sweep();
  }

  /** kill -9, or with `silent` the power: peers are not even told. */
  crash(silent: boolean): void {
    if (!this.isUp) return;
    this.report();
    this.isUp = false;
    for (const cable of [...this.cables]) cable.serverDied(silent);
    this.over();
    if (this.plan.broker === 'embedded' || this.plan.broker === 'memory') this.log.crash();
  }

  /** SIGTERM. */
  async drain(ms: number): Promise<void> {
    const { core } = this;
    const conns = [...this.cables].filter(({ isOpen }) => isOpen).map(({ conn }) => conn);
    this.stage.record({ k: 'drain', node: this.name, ms, conns });
    await core.drain(ms);
    this.stage.record({ k: 'drained', node: this.name, left: core.connections().length });
    if (!this.isUp || this.core !== core) return;
    this.report();
    await core.close();
    this.isUp = false;
    for (const cable of [...this.cables]) cable.serverDied(false);
    this.over();
    // A process in whose memory the log was takes it along.
    if (this.plan.broker === 'memory') this.log.crash();
    if (this.returns) this.boot();
  }

  /** Started, or started again as soon as it is drained. */
  comeBack(): void {
    if (!this.isUp) this.boot();
    else this.returns = true;
  }

  /** Its own counts beside a recount. */
  report(): void {
    const { core, view } = this;
    const { metrics } = core;
    const connections = core.connections();
    const count = (name: string, counted: number, recounted: number): void =>
      this.stage.record({ k: 'count', node: this.env.part.name, name, counted, recounted });
    count('connections', metrics.connections, connections.length);
    count('channels', metrics.channels, core.channels().length);
    count(
      'subscriptions',
      metrics.subscriptions,
      connections.reduce((sum, { channels }) => sum + channels.length, 0),
    );
    count('published', metrics.published, view.published);
    count('duplicates', metrics.duplicates, view.duplicates);
    this.stage.record({ k: 'metrics', node: this.env.part.name, metrics: { ...metrics } });
  }

  private over(): void {
    this.env.part.alive = false;
    this.edge.alive = false;
    this.view.close();
  }

  private sweep(): void {
    this.stage.clock.after(sweepEvery, this.edge, () => {
      for (const cable of [...this.cables]) cable.beat();
      this.sweep();
    });
  }

  private compose(env: SimEnv, broker: View): Core {
    const { plan, stage } = this;
    return createCore({
      env,
      broker,
      node: env.part.name,
      log: this.logger(),
      auth: {
        authenticate: (token) => {
          const [userId = '', expires = ''] = token.split('|');
          if (this.authDown) throw new ThrumError('unavailable');
          if (userId === '' || token.endsWith('bad')) throw new Error('a bad token');
          return { userId, ...(expires === '' ? {} : { expiresAt: Number(expires) }) };
        },
        validate: () => {
          if (this.authDown) throw new Error('cannot tell');
          return true;
        },
      },
      channels: this.definitions(env),
      hooks: { deadLetter: () => stage.record({ k: 'fault', fault: 'dead-letter', on: this.name }) },
      limits: {
        historyPage: plan.historyPage,
        outboxBytes: plan.outboxBytes,
        inboxFrames: plan.inboxFrames,
        validateSeconds: 10,
      },
    });
  }

  private definitions(env: SimEnv): Record<string, ChannelDefinition> {
    const { plan, rights } = this;
    return Object.fromEntries(
      plan.channels.map(
        ({ name, kept, size, ttl, presence, guarded, every }): [string, ChannelDefinition] => [
          name,
          {
            tier: !kept ? 'ephemeral' : this.log.durable ? 'durable' : 'recoverable',
            presence,
            key: ({ data }) => keyOf((data as { readonly v: string }).v),
            ...(every > 0 ? { conflate: { every } } : {}),
            ...(kept ? { history: { size, ttl } } : {}),
            ...(guarded
              ? {
                  authorize: async ({ user }) => {
                    // What a database says is true when it is read, not when the answer arrives.
                    const allowed = rights.look(user.id, name);
                    if (plan.hookLatency > 0)
                      await new Promise<void>((resolve) => void env.timer(plan.hookLatency, resolve));
                    return allowed;
                  },
                }
              : {}),
          },
        ],
      ),
    );
  }

  /** What the core logs as an error without a cause that the simulation made is a defect of its own. */
  private logger(): Log {
    const quiet = (): void => undefined;
    return {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: (message, _fields, error) => {
        if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
          this.stage.record({ k: 'uncaught', what: `${message}: ${error.stack ?? error.message}` });
      },
    };
  }
}
