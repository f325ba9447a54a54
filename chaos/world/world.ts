import { mkdirSync } from 'node:fs';
import type { Line } from '@thrum/sim/history';
import { Random } from '@thrum/sim/random';
import { channels, limits } from '../channels.ts';
import { FaultyDisk } from '../disk/faulty-disk.ts';
import { readLogs } from '../disk/log-on-disk.ts';
import type { Standings } from '../server/calls.ts';
import { type FoundRow, logLines, readJournal, type Sighting } from './assemble.ts';
import { ChaosClient, type ClientPlan, type Surroundings } from './client.ts';
import { Paper } from './paper.ts';
import { Reader } from './reader.ts';
import { ServerProcess } from './server-process.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly scenario: string;
  readonly folder: string;
  readonly faulty: boolean;
  readonly plant: string | undefined;
  /** The shim's library; undefined: the server runs without it. */
  readonly shim: string | undefined;
  readonly pad: number;
  readonly every: number;
}

const { durable, recoverable, ephemeral, work, still } = channels;
const tiers = [durable, recoverable, ephemeral];

const plans: readonly ClientPlan[] = [
  { name: 'ada', listens: [...tiers, still], publishes: [...tiers, work] },
  { name: 'bob', listens: tiers, publishes: tiers },
  { name: 'cyd', listens: [durable, ephemeral], publishes: [work, durable] },
  { name: 'wes', listens: [work], publishes: [], worker: 'worker-1' },
];

/** The server, its clients and their networks, and what is known of the disk. */
export class World implements Surroundings {
  readonly paper = new Paper();
  readonly chance: Random;
  readonly server: ServerProcess;
  readonly clients: ChaosClient[] = [];
  readonly reader: Reader;
  private readonly sightings: Sighting[] = [];
  /** Everything that any look at the disk has found, by channel, epoch and offset. */
  private readonly found = new Map<string, FoundRow>();
  private readonly places = new Set<string>();
  readonly pad: number;
  every: number;
  busy = false;
  /** Whether we have damaged the disk ourselves: what it says then is no proof against what it said before. */
  isDamaged = false;
  private ownDisk: FaultyDisk | undefined;
  private sessions = 0;
  private calls = 0;

  constructor({ seed, scenario, folder, faulty, plant, shim, pad, every }: WorldOptions) {
    this.chance = new Random(seed).fork(scenario);
    this.pad = pad;
    this.every = every;
    mkdirSync(folder, { recursive: true });
    this.server = new ServerProcess(this.paper, {
      folder,
      plant,
      disk: (dataDir) =>
        (this.ownDisk = shim === undefined ? undefined : new FaultyDisk(shim, folder, dataDir)),
      onStart: ({ standings }) => this.sight(standings, true),
    });
    this.reader = new Reader(this.paper, 'rex', durable, () => this.server.url);
    this.paper.record({
      k: 'world',
      seed,
      faulty,
      broker: 'sqlite',
      nodes: 1,
      outboxBytes: limits.outboxBytes,
      queue: 100,
      slack: 1000,
    });
  }

  async begin(): Promise<void> {
    await this.server.start();
    for (const plan of plans) await this.join(plan);
    this.reader.begin();
  }

  async join(plan: ClientPlan): Promise<void> {
    this.clients.push(await ChaosClient.start(this, plan, this.server.url));
  }

  /** Everybody leaves. Twice is harmless. */
  async leave(): Promise<void> {
    for (const client of this.clients.splice(0)) await client.leave();
    await this.reader.leave();
  }

  /** Ends what is left, the server last and politely; then the disk says what it kept. */
  async end(): Promise<void> {
    this.busy = false;
    await this.leave();
    await this.server.terminate();
    this.readDisk();
    this.ownDisk?.close();
    this.paper.record({ k: 'end' });
  }

  /** @throws Error where the scenario forgot to ask for the shim. */
  get disk(): FaultyDisk {
    if (this.ownDisk === undefined) throw new Error('this server runs without the shim');
    return this.ownDisk;
  }

  client(name: string): ChaosClient {
    const client = this.clients.find(({ plan }) => plan.name === name);
    if (client === undefined) throw new Error(`there is no client ${name}`);
    return client;
  }

  /** Whoever may publish does so until {@link quiet}. */
  publish(): void {
    this.busy = true;
    for (const client of this.clients) void client.publishOn();
  }

  quiet(): void {
    this.busy = false;
    this.paper.record({ k: 'stop' });
  }

  fault(fault: string, on?: string): void {
    this.paper.record({ k: 'fault', fault, ...(on === undefined ? {} : { on }) });
  }

  expect(what: string, came: boolean): void {
    this.paper.record({ k: 'expected', what, came });
  }

  private sight(standings: Standings, isStart: boolean): void {
    this.sightings.push({ t: this.paper.moment, standings, isStart });
    if (!isStart) return;
    for (const [channel, { epoch, offset }] of Object.entries(standings)) {
      const at = { epoch, offset };
      this.paper.record({
        k: 'page',
        conn: 'at its start',
        channel,
        asked: this.paper.moment,
        reverse: false,
        at,
        recovered: false,
        more: false,
        items: [],
      });
    }
  }

  async standings(): Promise<Standings> {
    const standings = await this.server.call('standings');
    this.sight(standings, false);
    return standings;
  }

  /** Notes what the disk holds: at the end, and before anything on it is destroyed. */
  readDisk(): void {
    const t = this.paper.moment;
    for (const row of readLogs(this.server.dataDir)) {
      const { channel, epoch, offset, v } = row;
      const place = `${channel} ${epoch} ${offset}`;
      if (this.isDamaged && this.places.has(place)) continue;
      if (offset !== null) this.places.add(place);
      if (!this.found.has(`${place} ${v}`)) this.found.set(`${place} ${v}`, { ...row, t });
    }
  }

  uncaught(error: unknown): void {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.paper.record({ k: 'uncaught', what: `beside the server: ${what}` });
  }

  /** Everything that happened, in the order of time. */
  history(): readonly Line[] {
    const journal = readJournal(this.server.journal, (clock) => this.paper.since(clock));
    const published = new Map<string, number>();
    const heard = new Map<string, number[]>();
    for (const line of this.paper.lines) {
      if (line.k !== 'publish' && line.k !== 'sent' && line.k !== 'recv') continue;
      const key = `${line.channel} ${line.v}`;
      if (line.k !== 'publish') heard.set(key, [...(heard.get(key) ?? []), line.t]);
      else if (!published.has(key)) published.set(key, line.t);
    }
    const rows = [...this.found.values()];
    const logs = logLines({ journal, sightings: this.sightings, rows, published, heard });
    // Stable, so that of two lines of one moment the publish comes before its append.
    return [...this.paper.lines, ...logs].sort((a, b) => a.t - b.t);
  }

  nextSession(): number {
    return (this.sessions += 1);
  }

  nextCall(): number {
    return (this.calls += 1);
  }
}
