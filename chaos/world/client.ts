import { type Channel, type Client, createClient, type ThrumError } from '@thrum/client';
import type { Place } from '@thrum/sim/history';
import type { Random } from '@thrum/sim/random';
import { ackedLine, placeIn, recvLine, stateLine, statusLine } from '@thrum/sim/sdk-lines';
import { type FaultyProxy, startProxy } from '@thrum/testkit';
import { keptChannels } from '../channels.ts';
import { sleep } from '../clock.ts';
import type { Paper } from './paper.ts';
import { tappedSocket } from './tapped-socket.ts';

export interface ClientPlan {
  readonly name: string;
  readonly listens: readonly string[];
  readonly publishes: readonly string[];
  /** Listens as this named subscriber, and confirms. */
  readonly worker?: string;
}

/** What a client needs of the world. */
export interface Surroundings {
  readonly paper: Paper;
  readonly chance: Random;
  /** Whether there is something to publish. */
  readonly busy: boolean;
  /** Milliseconds between two publishes of one client, on average. */
  readonly every: number;
  /** Bytes of padding in each message. */
  readonly pad: number;
  nextSession(): number;
  nextCall(): number;
}

export interface Listening {
  readonly s: number;
  readonly name: string;
  readonly channel: Channel;
  at: Place | undefined;
}

/** So many publishes wait for their answer at most: an outage stops a publisher instead of filling its queue. */
const mostUnderWay = 40;

/** One program with an SDK, behind a network of its own. Starting it again is another life. */
export class ChaosClient {
  readonly plan: ClientPlan;
  readonly proxy: FaultyProxy;
  readonly listening = new Map<string, Listening>();
  life = '';
  client!: Client;
  private readonly world: Surroundings;
  private readonly chance: Random;
  private readonly channels = new Map<string, Channel>();
  private lives = 0;
  private counter = 0;
  private underWay = 0;

  private constructor(world: Surroundings, plan: ClientPlan, proxy: FaultyProxy) {
    this.world = world;
    this.plan = plan;
    this.proxy = proxy;
    this.chance = world.chance.fork(plan.name);
  }

  static async start(world: Surroundings, plan: ClientPlan, url: string): Promise<ChaosClient> {
    const client = new ChaosClient(world, plan, await startProxy(url));
    client.begin();
    return client;
  }

  begin(): void {
    const { paper } = this.world;
    const { name, listens } = this.plan;
    this.lives += 1;
    this.life = `${name}.${this.lives}`;
    this.counter = 0;
    this.channels.clear();
    const c = this.life;
    this.client = createClient(this.proxy.url, {
      // What travels on the wire is seen at the WebSocket alone.
      transports: ['websocket'],
      WebSocket: tappedSocket(paper, { c, user: name }),
      getToken: () => name,
      backoff: { base: 50, max: 500 },
      connectTimeout: 2000,
      pingInterval: 500,
      pongTimeout: 1000,
      publishTimeout: 2000,
    });
    this.client.onStateChange((state, info) => paper.record(stateLine(c, state, info)));
    for (const channel of listens) this.listen(channel);
  }

  get isIdle(): boolean {
    return this.underWay === 0;
  }

  /** Publishes one value after the other while the world is busy. */
  async publishOn(): Promise<void> {
    const { world, chance, plan } = this;
    while (world.busy && plan.publishes.length > 0) {
      if (this.underWay < mostUnderWay) this.publish(chance.pick(plan.publishes));
      await sleep(chance.between(0, 2 * world.every));
    }
  }

  publish(name: string): void {
    const { paper, pad } = this.world;
    this.counter += 1;
    const v = `${this.life}#${this.counter}`;
    const id = `${v}!`;
    const call = this.world.nextCall();
    paper.record({ k: 'publish', call, v, channel: name, from: this.plan.name, id });
    this.underWay += 1;
    const data = { v, ...(pad > 0 ? { pad: 'x'.repeat(pad) } : {}) };
    void this.channelOf(name)
      .publish('message', data, { id })
      .then(
        (published) => paper.record(ackedLine(call, published)),
        (error: ThrumError) => paper.record({ k: 'settled', call, ok: false, code: error.code }),
      )
      .then(() => (this.underWay -= 1));
  }

  /** Ends this life; the SDK lets go of everything. */
  end(): void {
    const { paper } = this.world;
    if (this.isIdle)
      paper.record({ k: 'leftover', who: this.life, what: 'queued', count: this.client.stats().queued });
    for (const { s, name } of this.listening.values())
      paper.record({ k: 'unlisten', c: this.life, s, channel: name });
    this.listening.clear();
    this.client.dispose();
  }

  /** As a program that crashed and was started again. */
  restart(): void {
    this.end();
    this.begin();
  }

  async leave(): Promise<void> {
    this.end();
    await this.proxy[Symbol.asyncDispose]();
  }

  private listen(name: string): void {
    const { paper } = this.world;
    const { worker } = this.plan;
    const c = this.life;
    const s = this.world.nextSession();
    const named = worker === undefined ? {} : { ack: true, name: worker };
    const channel = this.client.channel(name, named);
    const listening: Listening = { s, name, channel, at: undefined };
    this.listening.set(name, listening);
    const hearing = { c, s, channel: name };
    paper.record({ k: 'listen', ...hearing, ...named });
    channel.onStatus((status) => {
      listening.at = status.position ?? listening.at;
      paper.record(statusLine(hearing, status));
    });
    channel.onAny((publication) => {
      listening.at = placeIn(publication) ?? listening.at;
      paper.record(recvLine(hearing, publication));
    });
  }

  /** One handle for all publishes of a life, as a program would keep it. */
  private channelOf(name: string): Channel {
    let channel = this.channels.get(name);
    if (channel === undefined) this.channels.set(name, (channel = this.client.channel(name)));
    return channel;
  }
}

/** Whether it is connected, subscribed, and as far as the log. */
export function isAtTop(client: ChaosClient, tops: Readonly<Record<string, Place>>): boolean {
  if (client.client.state !== 'connected' || !client.isIdle) return false;
  return [...client.listening.values()].every(({ name, channel, at }) => {
    if (!['subscribed', 'recovered', 'reset'].includes(channel.status)) return false;
    if (!keptChannels.includes(name)) return true;
    const top = tops[name];
    return at?.epoch === top?.epoch && at?.offset === top?.offset;
  });
}
