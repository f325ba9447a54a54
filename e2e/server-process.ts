import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnNode } from '@thrum/testkit';

export const root: string = fileURLToPath(new URL('..', import.meta.url));
/** The command line's script, from the root. */
export const cli = 'packages/server/src/cli/main.ts';
const startDeadline = 20_000;

/** The real command line in a process of its own, with a data folder that survives its restarts. */
export class ServerProcess {
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'thrum-e2e-'));
  private readonly flags: readonly string[];
  private child: ChildProcess | undefined;
  url = '';
  private port = 0;

  /** `flags`: further ones of `thrum start`. */
  constructor(flags: readonly string[] = []) {
    this.flags = flags;
  }

  /** Starts it, the first time on a free port and then on the same one. Resolves when it says that it listens. */
  async start(): Promise<void> {
    const args = [cli, 'start', '--port', String(this.port), '--data-dir', this.dataDir, ...this.flags];
    const child = spawnNode(args, { cwd: root, env: ownEnvironment(), stderr: true });
    this.child = child;
    this.url = await listening(child);
    this.port = Number(new URL(this.url).port);
  }

  /** As a crash does: no drain, no close frames. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Loses the logs of all channels, as a disk that was replaced does; the secret of tokens stays. */
  wipe(): void {
    for (const file of readdirSync(this.dataDir)) {
      if (file !== 'dev-secret') rmSync(join(this.dataDir, file), { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}

/** A token that the playground of a development server gives to anybody. */
export async function tokenOf(server: ServerProcess, user: string): Promise<string> {
  const response = await fetch(`${server.url}/playground/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: user, userId: user }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { readonly token: string }).token;
}

/** Without the options of whoever runs the tests: the server under test has only those it is given. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(THRUM_|NODE_ENV$)/.test(name)),
  );
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(
      () => reject(new Error(`the server did not say in ${startDeadline} ms that it listens:\n${output}`)),
      startDeadline,
    );
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      const url = /https?:\/\/[\w.]+:\d+/.exec(output)?.[0];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the server ended with code ${code} before it listened:\n${output}`));
    });
  });
}
