import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EventQueue } from '@thrum/testkit';
import { onTestFinished } from 'vitest';

export interface Ack {
  readonly data: number;
  readonly epoch: string;
  readonly offset: number;
}

/** A process that publishes (publisher.ts), and what it says. */
export interface Publisher {
  readonly lines: EventQueue<string>;
  /** kill -9; resolves when it is gone and all it said was heard. */
  kill(): Promise<void>;
  acks(): Ack[];
}

const script = fileURLToPath(new URL('./publisher.ts', import.meta.url));

export function startPublisher(
  file: string,
  { first = 1, count = 0, atOnce = 1 }: { first?: number; count?: number; atOnce?: number } = {},
  wrapper: readonly string[] = [],
): Publisher {
  const command = [
    ...wrapper,
    process.execPath,
    '--conditions=thrum:source',
    script,
    file,
    ...[first, count, atOnce].map(String),
  ];
  const child = spawn(command[0] as string, command.slice(1), {
    stdio: ['ignore', 'pipe', 'inherit'],
    // With a wrapper there are two processes, and a signal must reach both.
    detached: true,
  });
  const kill = (): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
  };
  onTestFinished(kill);
  const lines = new EventQueue<string>();
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = once(child, 'close');
  return {
    lines,
    async kill() {
      kill();
      await ended;
    },
    acks: () =>
      lines.seen
        .filter((line) => line.startsWith('ack '))
        .map((line) => line.split(' '))
        .map(([, data, epoch, offset]) => ({
          data: Number(data),
          epoch: epoch ?? '',
          offset: Number(offset),
        })),
  };
}

/** Leaves the database as kill -9 does, after so many acknowledged publications; the epoch they are in. */
export async function crashAfter(file: string, count: number, first = 1): Promise<string> {
  const publisher = startPublisher(file, { first, count });
  await publisher.lines.next((line) => line === 'done', undefined, 30_000);
  await publisher.kill();
  return publisher.acks().at(-1)?.epoch ?? '';
}
