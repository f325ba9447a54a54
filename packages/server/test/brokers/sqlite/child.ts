import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EventQueue, spawnNode } from '@thrum/testkit';
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
  const child = spawnNode([script, file, ...[first, count, atOnce].map(String)], { wrapper });
  // The end of its standard input ends the process itself, also where a wrapper is between it and us.
  const kill = (): void => {
    child.kill('SIGKILL');
    child.stdin.destroy();
  };
  onTestFinished(kill);
  const lines = new EventQueue<string>();
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = once(child, 'close');
  void ended.then(() => lines.end(new Error('the process ended')));
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
  await publisher.lines.next((line) => line === 'done');
  await publisher.kill();
  return publisher.acks().at(-1)?.epoch ?? '';
}
