import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Caller } from '@thrum/bench/caller';
import type { FaultyDisk } from '../disk/faulty-disk.ts';
import type { Counts, ServerCalls, Started } from '../server/calls.ts';
import { limits } from '../channels.ts';
import type { Paper } from './paper.ts';

const program = fileURLToPath(new URL('../server/main.ts', import.meta.url));
const preload = new URL('../server/plant.ts', import.meta.url).href;

/** Long enough for a loaded machine; a server that needs longer hangs. */
const startDeadline = 20_000;
const callDeadline = 10_000;

export interface ServerOptions {
  readonly folder: string;
  readonly plant: string | undefined;
  /** Its disk, where the shim makes one of it. */
  readonly disk: (dataDir: string) => FaultyDisk | undefined;
  /** Told of each start, before anybody can connect. */
  readonly onStart: (started: Started) => void;
}

/** The server under test in a process of its own, with a data folder and a port that outlive it. */
export class ServerProcess {
  readonly dataDir: string;
  readonly journal: string;
  /** Of the present process, before anybody came. */
  baseline: Counts | undefined;
  private readonly options: ServerOptions;
  private readonly paper: Paper;
  private child: ChildProcess | undefined;
  private caller: Caller<ServerCalls> | undefined;
  private port = 0;
  private expected = false;
  private readonly disk: FaultyDisk | undefined;

  constructor(paper: Paper, options: ServerOptions) {
    this.paper = paper;
    this.options = options;
    this.dataDir = join(options.folder, 'data');
    this.journal = join(options.folder, 'journal.jsonl');
    mkdirSync(this.dataDir, { recursive: true });
    this.disk = options.disk(this.dataDir);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  get isUp(): boolean {
    return this.child !== undefined;
  }

  async start(): Promise<void> {
    const { plant, folder, onStart } = this.options;
    this.disk?.begin();
    // As an environment variable the flag reaches the broker's threads too, which take no others.
    const planted = plant === undefined ? {} : { CHAOS_PLANT: plant, NODE_OPTIONS: `--import=${preload}` };
    const child = spawn(
      process.execPath,
      ['--conditions=thrum:source', '--disable-warning=ExperimentalWarning', program],
      {
        env: { ...ownEnvironment(), ...this.disk?.env, ...planted },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      },
    );
    this.child = child;
    this.expected = false;
    this.caller = new Caller('the server', child);
    child.stdout?.on('data', (chunk: Buffer) => appendFileSync(join(folder, 'server.log'), chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      this.paper.record({ k: 'uncaught', what: `the server's standard error: ${chunk.toString().trim()}` });
    });
    child.once('exit', (code, signal) => this.ended(child, code, signal));
    // One that is stopped does not notice that nobody is there any more.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    const started = await this.caller.call(
      'start',
      {
        dataDir: this.dataDir,
        port: this.port,
        journal: this.journal,
        drainMs: limits.drainSeconds * 1000,
      },
      startDeadline,
    );
    this.port = started.port;
    this.baseline = started.counts;
    onStart(started);
  }

  call<Name extends keyof ServerCalls & string>(name: Name): Promise<ReturnType<ServerCalls[Name]>> {
    if (this.caller === undefined) throw new Error('the server was not started');
    return this.caller.call(name, undefined as never, callDeadline);
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** As a crash does: no drain, no close frames. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** As an operator does. Resolves once the process is gone. */
  async terminate(): Promise<void> {
    await this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    this.expected = true;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  private ended(child: ChildProcess, code: number | null, signal: string | null): void {
    if (this.child !== child) return;
    this.child = undefined;
    if (this.expected && (signal === 'SIGKILL' || code === 0)) return;
    this.paper.record({ k: 'uncaught', what: `the server ended by itself: code ${code}, signal ${signal}` });
  }
}

/** Without the options of whoever runs this: the server under test has only those it is given. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(THRUM_|CHAOS_|NODE_ENV$|NODE_OPTIONS$)/.test(name)),
  );
}
