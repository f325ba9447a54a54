import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Calls } from './answer.ts';
import { Caller } from './caller.ts';

/** Server and load each have a core of their own, so that neither is measured while it waits for the other. */
export const cores = { server: 0, load: 1 } as const;

/** Whether processes can be tied to cores here. */
export const pinned: boolean =
  process.platform === 'linux' &&
  availableParallelism() > 1 &&
  spawnSync('taskset', ['-c', String(cores.load), 'true']).status === 0;

export interface ChildOptions {
  readonly title: string;
  readonly program: URL;
  /** Default: whichever is free. */
  readonly core?: number;
  readonly nodeOptions?: readonly string[];
  readonly args?: readonly string[] | undefined;
}

const running = new Set<ChildProcess>();

/** Ends every child at once: for exits that nobody planned. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** A Node process on one core that answers calls. */
export class Child<C extends Calls<C>> implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly caller: Caller<C>;

  constructor({ title, program, core, nodeOptions = [], args: own = [] }: ChildOptions) {
    const script = [fileURLToPath(program), ...own];
    const node = [process.execPath, '--conditions=thrum:source', ...nodeOptions, ...script];
    const [command = '', ...args] =
      pinned && core !== undefined ? ['taskset', '-c', String(core), ...node] : node;
    // What a child prints goes to standard error: standard output is for the tables.
    this.child = spawn(command, args, { stdio: ['ignore', 2, 2, 'ipc'] });
    running.add(this.child);
    this.caller = new Caller(title, this.child);
    this.exited = new Promise((resolve) => {
      this.child.on('exit', () => {
        running.delete(this.child);
        resolve();
      });
    });
  }

  /** Why there is nobody to call any more. */
  get ended(): string | undefined {
    return this.caller.ended;
  }

  /** @throws Error when the child says so, ends, or does not answer in time. */
  call<Name extends keyof C & string>(
    name: Name,
    options: Parameters<C[Name]>[0],
    deadlineMs: number,
  ): Promise<ReturnType<C[Name]>> {
    return this.caller.call(name, options, deadlineMs);
  }

  /** Waits for an end that was asked for, or brings it about. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.exited;
    clearTimeout(timer);
  }
}
