import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** Why tests with Redis cannot run here, if they cannot. */
export const missingRedis: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0
    ? undefined
    : 'redis-server is missing: `apt-get install redis-server`';

/** Below 55,536: a node of a cluster takes the port that is 10,000 further on as well. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await anyPort();
    if (port < 55_536) return port;
  }
}

async function anyPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A Redis of a test's own, that can be killed and started again in its folder. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly folder: string = mkdtempSync(join(tmpdir(), 'thrum-redis-'));
  private readonly options: readonly string[];
  private child: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.options = options;
  }

  /** `options` as on the command line: `['--appendonly', 'yes']`. By default nothing reaches the disk. */
  static async start(options: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child?.pid as number;
  }

  /** Starts it again, or another one in its place. */
  async start(more: readonly string[] = []): Promise<void> {
    const { port, folder, options } = this;
    const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
    // It ends with the process that started it, however that ends.
    const args = ['--pdeathsig', 'KILL', 'redis-server', ...own, '--daemonize', 'no', ...options, ...more];
    this.child = spawn('setpriv', args, { stdio: 'ignore' });
    await eventually(() => this.tryCommand('ping') === 'PONG');
  }

  /** Without a chance to write anything: as a loss of power would, but for what the kernel still writes. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  /** One command by redis-cli, and its answer. */
  command(...args: readonly string[]): string {
    const cli = ['-p', String(this.port), ...args];
    return execFileSync('redis-cli', cli, { encoding: 'utf8', timeout: 10_000, stdio: 'pipe' }).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private tryCommand(...args: readonly string[]): string | undefined {
    try {
      return this.command(...args);
    } catch {
      return undefined;
    }
  }
}

/**
 * Makes all that a prefix has in a Redis older by so many milliseconds: Redis keeps the time of the machine, which a test
 * cannot move. Ids of entries end with the time they expire.
 */
export function age(server: RedisServer, prefix: string, ms: number): void {
  server.command('EVAL', aging, '0', `${prefix}*`, String(Math.round(ms)));
}

const aging = `
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local left = redis.call('PTTL', key) - tonumber(ARGV[2])
  if redis.call('TYPE', key).ok == 'stream' then
    local entries = redis.call('XRANGE', key, '-', '+')
    redis.call('DEL', key)
    for _, entry in ipairs(entries) do
      local offset, time = string.match(entry[1], '(%d+)-(%d+)')
      local id = offset .. '-' .. string.format('%.0f', tonumber(time) - tonumber(ARGV[2]))
      redis.call('XADD', key, id, unpack(entry[2]))
    end
  end
  redis.call('PEXPIRE', key, string.format('%.0f', left))
end`;
