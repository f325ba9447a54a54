import { type Channel, type Client, createClient, type ThrumError } from '@thrum/client';
import { Part, SimEnv } from '../clock.ts';
import type { Place } from '../history.ts';
import type { ChannelPlan, ClientPlan, Plan } from '../plan.ts';
import type { Random } from '../random.ts';
import { ackedLine, placeIn, recvLine, stateLine, statusLine } from '../sdk-lines.ts';
import { Cable } from './cable.ts';
import type { SimNode } from './node.ts';
import { Page } from './page.ts';
import type { SimSocket } from './socket.ts';
import { socketClass } from './socket.ts';
import type { Stage } from './stage.ts';

/** What a client needs of the world. */
export interface Surroundings extends Stage {
  readonly plan: Plan;
  readonly nodes: readonly SimNode[];
  mayRead(client: SimClient, channel: string): boolean;
  nextSession(): number;
  nextCall(): number;
}

interface Listening {
  readonly s: number;
  readonly plan: ChannelPlan;
  readonly channel: Channel;
  at: Place | undefined;
}

/** One page with one SDK in it, and a person who wants to stay connected. Reloading it is another life. */
export class SimClient {
  readonly plan: ClientPlan;
  life = '';
  env!: SimEnv;
  client!: Client;
  cable: Cable | undefined;
  /** `refused`: dialing is answered at once; `lost`: packets vanish. */
  network: 'up' | 'refused' | 'lost' = 'up';
  tokens: 'good' | 'failing' | 'bad' = 'good';
  /** Milliseconds that a listener of an acknowledged channel takes. */
  slowness = 0;
  readonly listening = new Map<string, Listening>();
  private readonly channels = new Map<string, Channel>();
  private readonly world: Surroundings;
  private readonly chance: Random;
  private page = new Page();
  private lives = 0;
  private counter = 0;
  /** Timers of the application on the page, which are not the SDK's. */
  private app = new Part('app');

  constructor(world: Surroundings, plan: ClientPlan) {
    this.world = world;
    this.plan = plan;
    this.chance = world.chance.fork(plan.name);
    this.begin();
  }

  get isAlive(): boolean {
    return this.env.part.alive;
  }

  /** The page is loaded: a new SDK that knows nothing of the old one. */
  begin(): void {
    const { world, plan } = this;
    this.lives += 1;
    const life = `${plan.name}.${this.lives}`;
    this.life = life;
    this.counter = 0;
    this.channels.clear();
    this.page = new Page();
    this.env = new SimEnv(world.clock, new Part(life), this.chance.fork(life));
    this.app = new Part(life);
    const { part } = this.env;
    this.client = createClient('ws://sim/ws', {
      env: this.env,
      // A page that is gone dials no more, whatever its promises still come to.
      WebSocket: socketClass((socket) => (part.alive ? this.dial(socket) : undefined)),
      // The others go over the real network.
      transports: ['websocket'],
      lifecycle: this.page,
      getToken: () => this.token(),
      queue: { maxCount: world.plan.queue },
      onDrop: () => undefined,
    });
    const { client } = this;
    client.onStateChange((state, info) => {
      world.record(stateLine(life, state, info));
      if (state !== 'failed' && state !== 'disconnected') return;
      // The person looks at the page, and presses the button.
      this.later(3000, () => {
        if (client.state === state) client.connect();
      });
    });
    this.client.connect();
  }

  listen(name: string, since?: 'latest' | { readonly last: number }): void {
    const plan = this.world.plan.channels.find((each) => each.name === name);
    if (plan === undefined || this.listening.has(name) || !this.isAlive) return;
    const { world, life: c } = this;
    const s = world.nextSession();
    const channel = this.client.channel(name, {
      ...(plan.ack ? { ack: true } : {}),
      ...(since === undefined || !plan.kept ? {} : { since }),
      ...(this.plan.slow.includes(name) ? { maxRate: this.plan.maxRate } : {}),
    });
    const listening: Listening = { s, plan, channel, at: undefined };
    this.listening.set(name, listening);
    world.record({ k: 'listen', c, s, channel: name, ...(plan.ack ? { ack: true } : {}) });
    const hearing = { c, s, channel: name };
    channel.onStatus((status) => {
      const { type, position, error } = status;
      if (position !== undefined) listening.at = position;
      world.record(statusLine(hearing, status));
      // A denial from before the right was given: the person tries again.
      if (type === 'error' && error?.code === 'access_denied') this.later(2000, () => this.retry(name, s));
    });
    channel.onAny((publication) => {
      listening.at = placeIn(publication) ?? listening.at;
      world.record(recvLine(hearing, publication));
      if (plan.ack && this.slowness > 0) return world.clock.sleep(this.slowness, this.app);
      return undefined;
    });
    // No guard for those who may not: asking is what an intruder does.
    if (plan.presence) channel.presence.onChange(() => undefined);
  }

  private retry(name: string, s: number): void {
    if (this.listening.get(name)?.s !== s || !this.world.mayRead(this, name)) return;
    this.unlisten(name);
    this.listen(name);
  }

  unlisten(name: string): void {
    const listening = this.listening.get(name);
    if (listening === undefined) return;
    this.listening.delete(name);
    this.world.record({ k: 'unlisten', c: this.life, s: listening.s, channel: name });
    listening.channel.dispose();
  }

  /** Publishes the next value; now and then the same again, as an impatient program does, or another under its id. */
  publish(name: string): void {
    if (!this.isAlive) return;
    this.counter += 1;
    const v = `${this.life}#${this.counter}`;
    const id = `${v}!`;
    this.send(name, v, id, this.chance.chance(0.3));
    if (this.chance.chance(0.03)) this.later(this.chance.pick([0, 300, 3000]), () => this.send(name, v, id));
    if (this.chance.chance(0.01)) {
      this.later(500, () => {
        this.counter += 1;
        this.send(name, `${this.life}#${this.counter}`, id);
      });
    }
  }

  read(name: string): void {
    const listening = this.listening.get(name);
    const since = this.chance.chance(0.5) ? listening?.at : undefined;
    const options = { limit: this.chance.whole(1, 30), reverse: this.chance.chance(0.5), since };
    void this.client
      .channel(name)
      .history(options)
      .catch(() => undefined);
  }

  showState(name: string): void {
    this.client.channel(name).presence.update({ typing: this.chance.chance(0.5) });
    void this.client
      .channel(name)
      .presence.get()
      .catch(() => undefined);
  }

  /** The application wants less of something that it listens to, or all of it again. */
  pace(name: string, maxRate: number | undefined): void {
    if (this.isAlive) this.listening.get(name)?.channel.setMaxRate(maxRate);
  }

  hide(): void {
    this.page.hide(this.chance.chance(0.5));
  }

  show(): void {
    if (this.isAlive) this.page.show();
  }

  /** The page is closed without a word, or its machine loses power. */
  kill(silent: boolean): void {
    this.cable?.clientDied(silent);
    this.env.part.alive = false;
    this.app.alive = false;
    for (const [name, { s }] of this.listening)
      this.world.record({ k: 'unlisten', c: this.life, s, channel: name });
    this.listening.clear();
  }

  /** The application lets go of the SDK. */
  dispose(): void {
    this.app.alive = false;
    this.client.dispose();
    this.world.record({
      k: 'leftover',
      who: this.life,
      what: 'timers after dispose',
      count: this.env.part.pending,
    });
  }

  /** The roster as the page shows it, by connection. */
  roster(name: string): readonly string[] {
    const members = this.client.channel(name).presence.members;
    return members.flatMap(({ metas }) => metas.map(({ connectionId }) => connectionId)).sort();
  }

  private send(name: string, v: string, id: string, isOwnId = true): void {
    const { world } = this;
    const plan = world.plan.channels.find((each) => each.name === name);
    if (plan === undefined || !this.isAlive) return;
    const call = world.nextCall();
    const body = { v, ...(plan.pad > 0 ? { pad: 'x'.repeat(plan.pad) } : {}) };
    world.record({ k: 'publish', call, v, channel: name, from: this.plan.user, id });
    const { part } = this.env;
    // The SDK makes an id where the program has none; here it makes the one that the history knows.
    if (!isOwnId) this.env.nextId = id;
    this.channelOf(name)
      .publish('message', body, {
        ...(isOwnId ? { id } : {}),
        ...(this.chance.chance(0.03) ? { queue: false } : {}),
      })
      .then(
        (published) => {
          if (part.alive) world.record(ackedLine(call, published));
        },
        (error: ThrumError) => {
          if (part.alive) world.record({ k: 'settled', call, ok: false, code: error.code });
        },
      );
  }

  /** One handle for all publishes of a life, as a program would keep it. */
  private channelOf(name: string): Channel {
    let channel = this.channels.get(name);
    if (channel === undefined) this.channels.set(name, (channel = this.client.channel(name)));
    return channel;
  }

  private dial(socket: SimSocket): Cable | undefined {
    const { world, network } = this;
    if (network === 'lost') return undefined;
    const up = world.nodes.filter(({ isUp }) => isUp);
    const node = up.length === 0 ? world.nodes[0] : this.chance.pick(up);
    if (network === 'refused' || node === undefined) {
      world.clock.after(5, this.app, () => socket.closed(1006, ''));
      return undefined;
    }
    this.cable = new Cable(
      world,
      socket,
      node,
      { client: this.life, user: this.plan.user },
      this.plan.latency,
      this.chance,
    );
    return this.cable;
  }

  private later(ms: number, run: () => void): void {
    this.world.clock.after(ms, this.app, run);
  }

  private token(): Promise<string> {
    const { user, tokenSeconds } = this.plan;
    if (this.tokens === 'failing') return Promise.reject(new Error('the token server is down'));
    // The issuer's clock is right, whatever the page's and the node's are.
    const expires = tokenSeconds === 0 ? '' : String(this.env.now() - this.env.skew + tokenSeconds * 1000);
    return Promise.resolve(`${user}|${expires}${this.tokens === 'bad' ? '|bad' : ''}`);
  }
}
