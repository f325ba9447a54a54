import type { ChildProcess } from 'node:child_process';
import type { Calls, Response } from './answer.ts';

/** Somebody that can be called until it is disposed of. */
export interface Callee<C extends Calls<C>> extends AsyncDisposable {
  /** Why there is nobody to call any more. */
  readonly ended: string | undefined;
  /** @throws Error when the callee says so, ends, or does not answer in time. */
  call<Name extends keyof C & string>(
    name: Name,
    options: Parameters<C[Name]>[0],
    deadlineMs: number,
  ): Promise<ReturnType<C[Name]>>;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The parent's end of the calls that a child process answers. */
export class Caller<C extends Calls<C>> {
  private readonly title: string;
  private readonly child: ChildProcess;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  /** Why there is nobody to call any more. */
  ended: string | undefined;

  constructor(title: string, child: ChildProcess) {
    this.title = title;
    this.child = child;
    child.on('message', (response: Response) => this.received(response));
    child.on('error', (error) => this.end(error.message));
    child.on('exit', (code, signal) =>
      this.end(signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`),
    );
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

  private received(response: Response): void {
    const pending = this.pending.get(response.id);
    if ('error' in response) pending?.reject(new Error(`${this.title}: ${response.error}`));
    else pending?.resolve(response.value);
  }

  private end(why: string): void {
    this.ended ??= why;
    for (const { reject } of this.pending.values()) reject(new Error(`${this.title}: ${why}`));
  }
}
