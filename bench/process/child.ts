import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Calls, Response } from './answer.ts';

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
  readonly core: number;
  readonly nodeOptions?: readonly string[];
  readonly args?: readonly string[] | undefined;
}

const running = new Set<ChildProcess>();

/** Ends every child at once: for exits that nobody planned. */
export function killChildren(): void {
  for (const child of running) child.kill('SIGKILL');
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A Node process on one core that answers calls. */
export class Child<C extends Calls<C>> implements AsyncDisposable {
  private readonly title: string;
  private readonly child: ChildProcess;
  private readonly exited: Promise<void>;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  /** Why there is nobody to call any more. */
  ended: string | undefined;

  constructor({ title, program, core, nodeOptions = [], args: own = [] }: ChildOptions) {
    this.title = title;
    const node = [
      process.execPath,
      '--conditions=thrum:source',
      ...nodeOptions,
      fileURLToPath(program),
      ...own,
    ];
    const [command = '', ...args] = pinned ? ['taskset', '-c', String(core), ...node] : node;
    // What a child prints goes to standard error: standard output is for the tables.
    this.child = spawn(command, args, { stdio: ['ignore', 2, 2, 'ipc'] });
    running.add(this.child);
    this.child.on('message', (response: Response) => this.received(response));
    this.child.on('error', (error) => this.end(error.message));
    this.exited = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => {
        this.end(signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`);
        resolve();
      });
    });
  }

  /** @throws Error when the child says so, ends, or does not answer in time. */
  async call<Name extends keyof C & string>(
    name: Name,
    options: Parameters<C[Name]>[0],
    deadlineMs: number,
  ): Promise<ReturnType<C[Name]>> {
    if (this.ended !== undefined) throw new Error(`${this.title}: ${this.ended}`);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.lastId += 1;
    const id = this.lastId;
    this.pending.set(id, { resolve, reject });
    const timer = setTimeout(() => {
      reject(new Error(`${this.title}: expected an answer to ${name} within ${deadlineMs} ms, got none`));
    }, deadlineMs);
    try {
      this.child.send({ id, name, options }, (error) => error && reject(error));
      return (await promise) as ReturnType<C[Name]>;
    } finally {
      clearTimeout(timer);
      this.pending.delete(id);
    }
  }

  /** Waits for an end that was asked for, or brings it about. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.exited;
    clearTimeout(timer);
  }

  private received(response: Response): void {
    const pending = this.pending.get(response.id);
    if ('error' in response) pending?.reject(new Error(`${this.title}: ${response.error}`));
    else pending?.resolve(response.value);
  }

  private end(why: string): void {
    this.ended ??= why;
    running.delete(this.child);
    for (const { reject } of this.pending.values()) reject(new Error(`${this.title}: ${why}`));
  }
}
