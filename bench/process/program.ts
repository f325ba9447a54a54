import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Callee } from './caller.ts';
import type { Mark, Ports, ServerCalls, Setup } from './calls.ts';
import { onCore, spawnChild } from './child.ts';
import { peakRss } from './peak.ts';

const host = '127.0.0.1';

/** How to start a server that is no program of ours. */
export interface Program {
  readonly title: string;
  /** Ports it listens on, beginning with the one that takes connections; publications are asked for at the last. */
  readonly ports: 1 | 2;
  /** The command line; what it needs of files goes into `folder`, which is removed afterwards. */
  command(settings: ProgramSettings): {
    readonly command: readonly string[];
    readonly files?: Readonly<Record<string, string>>;
  };
}

interface ProgramSettings extends Setup {
  readonly ports: readonly number[];
  readonly folder: string;
}

/** A server that cannot be asked anything: the system tells what it costs. */
export class ProgramProcess implements Callee<ServerCalls> {
  ended: string | undefined;
  private readonly program: Program;
  private readonly core: number;
  private readonly folder = mkdtempSync(join(tmpdir(), 'thrum-bench-'));
  private child: ChildProcess | undefined;
  private exited: Promise<void> | undefined;

  constructor(program: Program, core: number) {
    this.program = program;
    this.core = core;
  }

  async call<Name extends keyof ServerCalls & string>(
    name: Name,
    options: Parameters<ServerCalls[Name]>[0],
    deadlineMs: number,
  ): Promise<ReturnType<ServerCalls[Name]>> {
    return (await this.answerTo(name, options, deadlineMs)) as ReturnType<ServerCalls[Name]>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answerTo(name: string, options: unknown, deadlineMs: number): Promise<unknown> {
    if (name === 'listen') return this.listen(options as Setup, deadlineMs);
    if (name === 'mark') return this.mark(options as { readonly collect: boolean });
    if (name === 'stop') return this.child?.kill('SIGKILL');
    throw new Error(`${this.program.title}: expected a server that can be asked for ${name}, got another`);
  }

  private async listen(setup: Setup, deadlineMs: number): Promise<Ports> {
    const ports = [await freePort(), await freePort()].slice(0, this.program.ports);
    const { command, files = {} } = this.program.command({ ...setup, ports, folder: this.folder });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
    const { child, exited } = spawnChild(onCore(this.core, command), { stdio: ['ignore', 2, 2] });
    this.child = child;
    this.exited = exited;
    child.on('error', (error) => (this.ended ??= error.message));
    child.on('exit', (code, signal) => (this.ended ??= `it ended with ${signal ?? `code ${code}`}`));
    for (const port of ports) await this.reachable(port, deadlineMs);
    const [port = 0] = ports;
    return { port, publishPort: ports.at(-1) ?? port };
  }

  private async reachable(port: number, deadlineMs: number): Promise<void> {
    const start = performance.now();
    while (!(await isReachable(port))) {
      if (this.ended !== undefined) throw new Error(`${this.program.title}: ${this.ended}`);
      if (performance.now() - start > deadlineMs) {
        throw new Error(`${this.program.title}: expected it at port ${port} after ${deadlineMs} ms`);
      }
      await sleep(50);
    }
  }

  private mark({ collect }: { readonly collect: boolean }): Mark {
    const { pid } = this.child ?? {};
    if (pid === undefined || this.ended !== undefined) {
      throw new Error(`${this.program.title}: ${this.ended ?? 'it was not started'}`);
    }
    return {
      ...cpuOf(readFileSync(`/proc/${pid}/stat`, 'latin1')),
      rss: rssOf(readFileSync(`/proc/${pid}/status`, 'latin1')),
      heapUsed: Number.NaN,
      external: Number.NaN,
      peakRss: peakRss(pid, collect),
    };
  }
}

/** Microseconds of all threads, in the kernel's hundredths of a second. */
export function cpuOf(stat: string): { readonly cpuUser: number; readonly cpuSystem: number } {
  // The second field, the name, may hold spaces and brackets; user and system are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { cpuUser: Number(fields[11]) * 10_000, cpuSystem: Number(fields[12]) * 10_000 };
}

function rssOf(status: string): number {
  return Number(/^VmRSS:\s+(\d+)/mu.exec(status)?.[1]) * 1024;
}

/** One that was free a moment ago: these programs cannot tell which one they took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function isReachable(port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
