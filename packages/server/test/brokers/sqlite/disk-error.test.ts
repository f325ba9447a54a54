import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventQueue, skip, spawnNode, within } from '@thrum/testkit';
import { expect, it } from 'vitest';
import { dataOf, folder, open } from './support.ts';

const script = fileURLToPath(new URL('./limited.ts', import.meta.url));

// A limit on the size of files is a disk that refuses to write, which every user can have.
it('a disk that refuses to write: nothing changes, reading goes on, and it heals by itself', async (context) => {
  try {
    execFileSync('prlimit', ['--fsize=1000000:', 'true'], { stdio: 'ignore' });
  } catch {
    return skip(context, 'prlimit is missing: `apt-get install util-linux`');
  }
  const file = join(folder(), 'thrum.db');
  const child = spawnNode([script, file], { wrapper: ['prlimit', '--fsize=300000:'] });
  const lines = new EventQueue<string>();
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const closed = once(child, 'close');
  void closed.then(() => lines.end(new Error('the process ended')));
  const next = (): Promise<string> => lines.next(() => true);
  expect(await next()).toMatch(/^refused disk_error (unchanged|unknown) true after \d+$/);
  expect(await next()).toBe('intact true');
  execFileSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited:']);
  child.stdin.write('go on\n');
  expect(await next()).toBe('healed true 0');
  expect(await within(closed, () => 'the end')).toEqual([0, null]);

  const opened = open({ file });
  expect((await dataOf(opened)).length).toBeGreaterThan(1);
  expect(opened.changes).toEqual([]);
});
