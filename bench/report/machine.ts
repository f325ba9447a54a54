import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { type Executables, versionOf } from '../executables.ts';
import type { PeerName } from '../peers.ts';
import { cores, pinned } from '../process/child.ts';

/** Where and when something was measured. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly date: string;
  /** One-minute load average before the first measurement. */
  readonly load: number;
  readonly pinned: boolean;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(names: readonly PeerName[], executables: Executables): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    load: loadavg()[0] ?? Number.NaN,
    pinned,
    versions: Object.fromEntries(names.map((name) => [name, versions[name](executables)])),
  };
}

export function formatMachine(machine: Machine): string {
  const { cpu, memoryGiB, system, node, date, load, versions } = machine;
  const pins = machine.pinned
    ? `server on core ${cores.server}, load on core ${cores.load}`
    : 'processes not pinned: no taskset, or one core only';
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${cpu}, ${machine.cores} cores, ${memoryGiB} GiB; ${system}; Node ${node}; ${date} UTC`,
    `${pins}; load average ${load.toFixed(2)} at the start; ${peers.join(', ')}`,
    '',
  ].join('\n');
}

const versions: Readonly<Record<PeerName, (executables: Executables) => string>> = {
  thrum: () => 'working tree',
  ws: () => packaged('ws'),
  'socket.io': () => packaged('socket.io'),
  tcp: () => 'as in Node',
  bun: ({ bun = '' }) => versionOf(bun, '--version'),
  nchan: ({ nginx = '' }) => `in nginx ${versionOf(nginx, '-v')}`,
  nats: ({ natsServer = '' }) => versionOf(natsServer, '--version'),
  floor: () => 'as given',
};

function packaged(name: string): string {
  const manifest: unknown = createRequire(import.meta.url)(`${name}/package.json`);
  return String((manifest as Record<string, unknown>)['version']);
}

/** CPU seconds that a core has spent on anything since it started, or NaN where the system does not say. */
export function coreBusy(core: number): number {
  try {
    const line = readFileSync('/proc/stat', 'utf8').match(new RegExp(`^cpu${core} (.*)$`, 'm'))?.[1];
    const [user, nice, system, , , irq, softirq, steal] = (line ?? '').split(' ').map(Number);
    // The kernel counts in hundredths here, whatever its own tick is.
    return (
      [user, nice, system, irq, softirq, steal].reduce<number>((sum, part) => sum + (part ?? NaN), 0) / 100
    );
  } catch {
    return Number.NaN;
  }
}

/** How many files and sockets this process, and so each of its children, may have open. */
export function descriptorLimit(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}
