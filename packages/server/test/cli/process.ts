import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { spawnNode } from '@thrum/testkit';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Flags for Node itself. */
  readonly node?: readonly string[];
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One real `thrum` process; killed when it goes out of scope. */
export class Cli implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Outcome>;
  readonly child: ChildProcess;
  #changed = Promise.withResolvers<void>();

  constructor(args: readonly string[], { cwd, env = {}, node = [] }: RunOptions) {
    const { PATH, HOME } = process.env;
    this.child = spawnNode([...node, main, ...args], {
      cwd,
      env: { PATH, HOME, NO_COLOR: '1', ...env },
      stderr: true,
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#add('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#add('stderr', text));
    this.ended = once(this.child, 'close').then(([code]) => {
      this.#changed.reject(new Error(`it ended with ${String(code)}: ${this.stdout}${this.stderr}`));
      return { code: code as number | null, stdout: this.stdout, stderr: this.stderr };
    });
    this.#changed.promise.catch(() => undefined);
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => undefined);
    resolve();
  }

  /** Resolves with the match once `pattern` was printed. */
  async prints(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this[stream]);
      if (found !== null) return found;
      await this.#changed.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

export async function thrum(args: readonly string[], options: RunOptions): Promise<Outcome> {
  await using cli = new Cli(args, options);
  return await cli.ended;
}

export interface Server {
  readonly cli: Cli;
  /** `ws://127.0.0.1:…/ws` */
  readonly url: string;
  readonly port: number;
}

/** Starts a development server; `port` 0 takes a free one. */
export async function startServer(cwd: string, port = 0, args: readonly string[] = []): Promise<Server> {
  const cli = new Cli(['start', '--port', String(port), ...args], { cwd });
  const [url = '', found] = await cli.prints('stdout', /ws:\/\/127\.0\.0\.1:(\d+)\/ws/);
  return { cli, url, port: Number(found) };
}
