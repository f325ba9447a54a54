import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Calls } from './answer.ts';
import { type Callee, Caller } from './caller.ts';

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
  /** Another runtime's executable, which gets no `nodeOptions`. Default: this Node. */
  readonly runtime?: string | undefined;
  readonly args?: readonly string[] | undefined;
}

const running = new Set<ChildProcess>();

/** Ends every child at once: for exits that nobody planned. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** A command line that stays on a core, where that can be had. */
export function onCore(core: number | undefined, command: readonly string[]): readonly string[] {
  return pinned && core !== undefined ? ['taskset', '-c', String(core), ...command] : command;
}

/** Starts what {@link killChildren} ends. */
export function spawnChild(
  command: readonly string[],
  options: Parameters<typeof spawn>[2] & object,
): { readonly child: ChildProcess; readonly exited: Promise<void> } {
  const [program = '', ...args] = command;
  const child = spawn(program, args, options);
  running.add(child);
  const exited = new Promise<void>((resolve) => {
    child.on('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  return { child, exited };
}

/** A process on one core that answers calls. */
export class Child<C extends Calls<C>> implements Callee<C> {
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly caller: Caller<C>;

  constructor({ title, program, core, nodeOptions = [], runtime, args: own = [] }: ChildOptions) {
    const node = [process.execPath, '--conditions=thrum:source', ...nodeOptions];
    const command = [...(runtime === undefined ? node : [runtime]), fileURLToPath(program), ...own];
    // What a child prints goes to standard error: standard output is for the tables.
    const { child, exited } = spawnChild(onCore(core, command), { stdio: ['ignore', 2, 2, 'ipc'] });
    this.child = child;
    this.exited = exited;
    this.caller = new Caller(title, child);
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
