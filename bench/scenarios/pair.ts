import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from '../context.ts';
import { type Peer, rowOf } from '../peers.ts';
import type {
  ChurnResult,
  Counters,
  LoadCalls,
  LoopResult,
  Mark,
  Missed,
  Pace,
  Ports,
  RecoverResult,
  ServerCalls,
  Setup,
} from '../process/calls.ts';
import type { Callee } from '../process/caller.ts';
import { Child, cores } from '../process/child.ts';
import { ProgramProcess } from '../process/program.ts';
import { programOf } from '../servers/programs.ts';
import { coreBusy } from '../report/machine.ts';

const concurrency = 200;
const shortMs = 20_000;
/** Starting is not measured, and takes long on a machine that has other work. */
const startMs = 60_000;
/** Of deliveries one is timed; a prime, so that the samples do not always meet the same subscribers. */
const usualSampling = 61;

/** Cheap servers never use half a core, however long they are warmed up: for them this many times are enough. */
const mostWarmUps = 4;

/** What a server spent between two marks. */
export interface Cost {
  readonly user: number;
  readonly system: number;
  /** CPU seconds, user and system. */
  readonly cpu: number;
  readonly seconds: number;
  /** CPU seconds that others spent on the server's core meanwhile. */
  readonly others: number;
}

/** Everybody in one channel, and the usual payload. */
export function oneChannel(subscribers: number): Setup {
  return { shape: { channels: 1, subscribers }, payload: { bytes: 100, kind: 'text' } };
}

function startServer(peer: Peer, { executables }: Context): Callee<ServerCalls> {
  const { server } = peer;
  if (typeof server === 'string') return new ProgramProcess(programOf(server, executables), cores.server);
  return new Child({
    title: `server ${rowOf(peer)}`,
    program: server.program,
    core: cores.server,
    nodeOptions: ['--expose-gc'],
    args: server.args,
    runtime: server.runtime === undefined ? undefined : executables[server.runtime],
  });
}

/** A server under test and the load on it: two fresh processes, so that no round inherits another's heap. */
export class Pair implements AsyncDisposable {
  private readonly peer: Peer;
  private readonly setup: Setup;
  private readonly server: Callee<ServerCalls>;
  private readonly load: Child<LoadCalls>;
  private readonly profile: string | undefined;
  private ports: Ports = { port: 0, publishPort: 0 };

  private constructor(peer: Peer, setup: Setup, context: Context) {
    this.peer = peer;
    this.setup = setup;
    // Only a Node of ours can write one.
    const canProfile = typeof peer.server !== 'string' && peer.server.runtime === undefined;
    this.profile = canProfile ? context.options.profile : undefined;
    this.server = startServer(peer, context);
    this.load = new Child({
      title: `load on ${rowOf(peer)}`,
      program: new URL('../load/worker.ts', import.meta.url),
      core: cores.load,
    });
  }

  static async start(peer: Peer, context: Context, setup: Setup): Promise<Pair> {
    const pair = new Pair(peer, setup, context);
    try {
      pair.ports = await pair.server.call('listen', setup, startMs);
      return pair;
    } catch (error) {
      await pair[Symbol.asyncDispose]();
      throw error;
    }
  }

  mark(collect = false): Promise<Mark> {
    return this.server.call('mark', { collect }, shortMs);
  }

  /** Opens connections; what `open` means is the peer's own answer to a handshake. */
  async connect(count: number): Promise<number> {
    const deadlineMs = shortMs + count * 5;
    return this.ask('connect', this.connecting(count, deadlineMs), deadlineMs + shortMs);
  }

  async subscribe(count: number): Promise<void> {
    const deadlineMs = shortMs + count * 2;
    await this.ask('subscribe', { deadlineMs }, deadlineMs + shortMs);
  }

  /** Publishes what nobody hears. */
  async miss(count: number): Promise<Missed> {
    return { position: await this.server.call('miss', { count }, shortMs), count };
  }

  counters(): Promise<Counters> {
    return this.server.call('counters', undefined, shortMs);
  }

  /** Opens connections that recover what was missed, and waits until each has all of it. */
  async recover(count: number, missed: Missed): Promise<RecoverResult> {
    const deadlineMs = shortMs + count * 10;
    const options = { ...this.connecting(count, deadlineMs), missed };
    return this.ask('recover', options, deadlineMs + shortMs);
  }

  /**
   * Publishes until the server is warm: compilers count work, not time, and on a busy machine a second may hold little of it.
   */
  async warmUp(pace: Pace, seconds: number): Promise<void> {
    const used = async (): Promise<number> => {
      const { cpuUser, cpuSystem } = await this.mark();
      return (cpuUser + cpuSystem) / 1e6;
    };
    const before = await used();
    for (let tries = 0; tries < mostWarmUps; tries += 1) {
      await this.publish(pace, seconds);
      if ((await used()) - before >= seconds / 2) return;
    }
  }

  /** Asks for publications, at a pace, and waits until all have come. */
  async publish(
    pace: Pace,
    seconds: number,
    {
      sampleEvery = usualSampling,
      ballast,
    }: { readonly sampleEvery?: number; readonly ballast?: number } = {},
  ): Promise<LoopResult> {
    const deadlineMs = seconds * 1000 + 60_000;
    const { wire } = this.peer;
    const { publishPort } = this.ports;
    const options = { ...this.setup, wire, publishPort, pace, seconds, sampleEvery, ballast, deadlineMs };
    return this.ask('publish', options, deadlineMs + shortMs);
  }

  /** The first subscriber takes the ballast besides, and counts no more. */
  async weigh(): Promise<void> {
    await this.ask('weigh', { deadlineMs: shortMs }, 2 * shortMs);
  }

  /** It stops reading. */
  async freeze(): Promise<void> {
    await this.ask('freeze', undefined, shortMs);
  }

  /** It reads again; whether the server had closed it. */
  async thaw(): Promise<boolean> {
    return this.ask('thaw', undefined, shortMs);
  }

  /** The first `members` enter a channel with presence. */
  async enter(members: number): Promise<void> {
    const deadlineMs = shortMs + members * 20;
    await this.ask('enter', { members, deadlineMs }, deadlineMs + shortMs);
  }

  /** The others come and go. */
  async churn(members: number, seconds: number): Promise<ChurnResult> {
    const deadlineMs = seconds * 1000 + 60_000;
    return this.ask('churn', { members, seconds, deadlineMs }, deadlineMs + shortMs);
  }

  /** Closes all connections and waits until the server has done what that gives it to do. */
  async disconnect(): Promise<void> {
    await this.ask('close', undefined, shortMs);
    let before = await this.mark();
    for (let tries = 0; tries < 100; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const after = await this.mark();
      if (after.cpuUser + after.cpuSystem - before.cpuUser - before.cpuSystem < 5000) return;
      before = after;
    }
    throw new Error(
      `${rowOf(this.peer)}: expected an idle server after all connections closed, got a busy one`,
    );
  }

  /** What the server spends on `work`. */
  async cost<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly cost: Cost }> {
    if (this.profile !== undefined) await this.server.call('startProfile', undefined, shortMs);
    const before = await this.mark();
    const busyBefore = coreBusy(cores.server);
    const start = performance.now();
    const result = await work();
    const seconds = (performance.now() - start) / 1000;
    const after = await this.mark();
    if (this.profile !== undefined) await this.writeProfile(this.profile);
    const user = (after.cpuUser - before.cpuUser) / 1e6;
    const system = (after.cpuSystem - before.cpuSystem) / 1e6;
    const cpu = user + system;
    const others = Math.max(coreBusy(cores.server) - busyBefore - cpu, 0);
    return { result, cost: { user, system, cpu, seconds, others } };
  }

  private connecting(count: number, deadlineMs: number): Parameters<LoadCalls['connect']>[0] {
    const { wire } = this.peer;
    return { wire, port: this.ports.port, shape: this.setup.shape, count, concurrency, deadlineMs };
  }

  private async writeProfile(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const file = resolve(folder, `${this.peer.name.replaceAll('.', '')}-${Date.now()}.cpuprofile`);
    await this.server.call('stopProfile', { file }, shortMs);
  }

  /** Calls the load process. Where it fails because the server is gone, that is the news. */
  private async ask<Name extends keyof LoadCalls>(
    name: Name,
    options: Parameters<LoadCalls[Name]>[0],
    deadlineMs: number,
  ): Promise<ReturnType<LoadCalls[Name]>> {
    try {
      return await this.load.call(name, options, deadlineMs);
    } catch (error) {
      // Connections of a dying process close before its parent hears of the end.
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { ended } = this.server;
      if (ended === undefined) throw error;
      throw new Error(`server ${rowOf(this.peer)}: ${ended}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A process that just ended would leave thousands of its ports in TIME_WAIT.
    await this.load.call('close', undefined, shortMs).catch(() => {});
    await this.load[Symbol.asyncDispose]();
    await this.server.call('stop', undefined, shortMs).catch(() => {});
    await this.server[Symbol.asyncDispose]();
  }
}
