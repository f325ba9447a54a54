import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Options } from '../options.ts';
import type { Peer } from '../peers.ts';
import type {
  Counters,
  LoadCalls,
  LoopResult,
  Mark,
  Missed,
  RecoverResult,
  ServerCalls,
} from '../process/calls.ts';
import { Child, cores } from '../process/child.ts';
import { coreBusy } from '../report/machine.ts';

const concurrency = 200;
const shortMs = 20_000;

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

/** A server under test and the load on it: two fresh processes, so that no round inherits another's heap. */
export class Pair implements AsyncDisposable {
  private readonly peer: Peer;
  private readonly server: Child<ServerCalls>;
  private readonly load: Child<LoadCalls>;
  private readonly profile: string | undefined;
  private ports = { port: 0, controlPort: 0 };

  private constructor(peer: Peer, { profile }: Options) {
    this.peer = peer;
    this.profile = profile;
    this.server = new Child({
      title: `server ${peer.name}`,
      program: peer.program,
      core: cores.server,
      nodeOptions: ['--expose-gc'],
      args: peer.args,
    });
    this.load = new Child({
      title: `load on ${peer.name}`,
      program: new URL('../load/worker.ts', import.meta.url),
      core: cores.load,
    });
  }

  static async start(peer: Peer, options: Options): Promise<Pair> {
    const pair = new Pair(peer, options);
    try {
      pair.ports = await pair.server.call('listen', undefined, shortMs);
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
    const { name: peer } = this.peer;
    const options = { peer, port: this.ports.port, count, concurrency, deadlineMs };
    return this.ask('connect', options, deadlineMs + shortMs);
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
    const { name: peer } = this.peer;
    const options = { peer, port: this.ports.port, count, concurrency, deadlineMs, missed };
    return this.ask('recover', options, deadlineMs + shortMs);
  }

  /** Runs the closed loop. */
  async publish(inFlight: number, seconds: number): Promise<LoopResult> {
    const deadlineMs = seconds * 1000 + 60_000;
    const options = { controlPort: this.ports.controlPort, inFlight, seconds, deadlineMs };
    return this.ask('publish', options, deadlineMs + shortMs);
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
      `${this.peer.name}: expected an idle server after all connections closed, got a busy one`,
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

  private async writeProfile(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    const file = resolve(folder, `${this.peer.name}-${Date.now()}.cpuprofile`);
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
      throw new Error(`server ${this.peer.name}: ${ended}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.load[Symbol.asyncDispose]();
    await this.server.call('stop', undefined, shortMs).catch(() => {});
    await this.server[Symbol.asyncDispose]();
  }
}
