import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { skip, spawnNode } from '@thrum/testkit';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { isNamespaced, namespaced } from './namespace.ts';
import { dataOf, folder, following, kept, keyed, open, publish, range } from './support.ts';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** A disk of so many bytes, which is gone with this process. */
function smallDisk(size: string): string {
  const path = join(folder(), 'disk');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  onTestFinished(() => void execFileSync('umount', ['-l', path]));
  return path;
}

const inside = (): void => {
  it('refuses to publish, goes on reading and notifying, and heals by itself', async () => {
    const disk = smallDisk('3m');
    const ballast = join(disk, 'ballast');
    const opened = open({ file: join(disk, 'thrum.db'), sweepMs: 20 });
    const heard: unknown[] = [];
    opened.broker.subscribe('c', ({ data }) => heard.push(data));
    for (const n of range(1, 10)) await publish(opened, n);
    writeFileSync(ballast, Buffer.alloc(2_000_000));

    const text = 'x'.repeat(20_000);
    const accepted: unknown[] = range(1, 10);
    const fill = async (): Promise<unknown> => {
      for (let n = 11; n < 500; n += 1) {
        try {
          await publish(opened, `${n}${text}`);
        } catch (error) {
          return error;
        }
        accepted.push(`${n}${text}`);
      }
      return undefined;
    };
    const refusal = await fill();
    expect(refusal).toMatchObject({ reason: 'disk_full', outcome: 'unchanged', retryable: true });

    // Everyone in the batch is told, nobody is notified, the log is as it was, and it can be read.
    const refused = await Promise.allSettled(range(1, 5).map((n) => publish(opened, `${n}${text}`)));
    expect(refused.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await dataOf(opened)).toEqual(accepted);
    expect(heard).toEqual(accepted);
    await publish(opened, 'transient', {});
    expect(heard.at(-1)).toBe('transient');

    // A chain in one batch is refused whole, and its second part alone is not let in afterwards.
    const chain = await Promise.allSettled([
      publish(opened, `first${text}`, keyed('k-1')),
      publish(opened, 'second', following('k-1', 'k-2')),
    ]);
    expect(chain.map(({ status }) => status)).toEqual(['rejected', 'rejected']);

    rmSync(ballast);
    expect(await publish(opened, 'second', following('k-1', 'k-2'))).toEqual({ kind: 'out-of-order' });
    expect((await publish(opened, 'again', kept)).kind).toBe('published');
    expect(await dataOf(opened)).toEqual([...accepted, 'again']);
    await opened.broker.close();
    const after = open({ file: opened.file });
    expect(await dataOf(after)).toEqual([...accepted, 'again']);
    expect([...opened.changes, ...after.changes]).toEqual([]);
    expect(opened.broker.stats.restarts).toBe(0);
  });

  it('cannot open on a full disk, says so, and opens once there is space', async () => {
    const disk = smallDisk('1m');
    const ballast = join(disk, 'ballast');
    const free = Number(execFileSync('df', ['-B1', '--output=avail', disk]).toString().split('\n')[1]);
    writeFileSync(ballast, Buffer.alloc(free));
    const opened = open({ file: join(disk, 'thrum.db') });
    await expect(opened.broker.ready).rejects.toMatchObject({ retryable: true });
    await expect(publish(opened, 1)).rejects.toMatchObject({ retryable: true });
    rmSync(ballast);
    await publish(opened, 2);
    expect(await dataOf(opened)).toEqual([2]);
    expect(opened.changes).toEqual([]);
  });
};

const outside = async (context: TestContext): Promise<void> => {
  const way = namespaced();
  if ('missing' in way) return skip(context, way.missing);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--project', 'unit', fileURLToPath(import.meta.url)];
  const child = spawnNode(args, { cwd: root, env: way.env, wrapper: way.command, stderr: true });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr!),
    once(child, 'close'),
  ]);
  expect(code, out + error).toBe(0);
  expect(out).toMatch(/2 passed/);
};

// This file runs itself a second time, where it may mount.
if (isNamespaced) describe('the SQLite broker on a full disk', inside);
else it('the SQLite broker on a full disk, in a namespace of its own', outside);
