import { Worker } from 'node:worker_threads';
import { SqliteBrokerError, WorkerFailure } from './errors.ts';
import type { Answer, Envelope, Notice, Vitals } from './messages.ts';

type Role = 'writer' | 'reader';
export type Spawn = (role: Role) => Worker;

// Only import specifiers are rewritten when TypeScript becomes JavaScript, so the ending is taken from this file's own.
const workerUrl = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url);

/** The flags of the parent are not for it: it imports nothing but Node and its neighbours. */
export const spawnWorker: Spawn = (role) =>
  new Worker(workerUrl, {
    name: `thrum-sqlite-${role}`,
    workerData: { role },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });

/** What came with an answer besides what was asked for. */
export type Heard = (notices: readonly Notice[], vitals: Vitals | undefined) => void;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Requests to one worker thread and their answers. Keeps the process alive while an answer is due, and not otherwise. */
export class WorkerLink<R extends Record<keyof R, { request: object; reply: unknown }>> {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly heard: Heard;
  private readonly down: (error: Error) => void;
  private last = 0;
  private ended: Error | undefined;

  /** `heard` is called before the answer is given; `down` is called once, when the thread has ended without being told to. */
  constructor(worker: Worker, heard: Heard, down: (error: Error) => void) {
    this.worker = worker;
    this.heard = heard;
    this.down = down;
    worker.unref();
    worker.on('message', (answer: Answer) => this.take(answer));
    worker.on('error', (error: unknown) => this.end(crash(error)));
    worker.on('exit', (code) => this.end(crash(`exit code ${code}`)));
  }

  request<K extends keyof R & string>(kind: K, request: R[K]['request']): Promise<R[K]['reply']> {
    if (this.ended !== undefined) return Promise.reject(this.ended);
    const id = (this.last += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (this.pending.size === 0) this.worker.ref();
    this.pending.set(id, { resolve, reject });
    this.worker.postMessage({ id, kind, request } satisfies Envelope, []);
    return promise as Promise<R[K]['reply']>;
  }

  /** Ends the thread, whatever it is doing. */
  async terminate(): Promise<void> {
    this.ended ??= crash('it was ended');
    this.rejectAll(this.ended);
    this.worker.ref();
    await this.worker.terminate();
  }

  private take({ id, notices, vitals, result }: Answer): void {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (this.pending.size === 0) this.worker.unref();
    this.heard(notices, vitals);
    if ('value' in result) waiting?.resolve(result.value);
    else waiting?.reject(new WorkerFailure(result.failure, result.message));
  }

  private end(error: Error): void {
    if (this.ended !== undefined) return;
    this.ended = error;
    this.rejectAll(error);
    this.down(error);
  }

  private rejectAll(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

function crash(cause: unknown): SqliteBrokerError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SqliteBrokerError('crashed', `The thread of the database has ended: ${why}`, {
    outcome: 'unknown',
    cause,
  });
}
