import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Random } from '@thrum/sim/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultyDisk } from '../disk/faulty-disk.ts';
import { buildShim } from '../disk/shim.ts';

const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'thrum-chaos-test-')));
let library = '';
let folders = 0;

beforeAll(() => {
  library = buildShim(root);
});
afterAll(() => fs.rmSync(root, { recursive: true }));

function newDisk(): FaultyDisk {
  folders += 1;
  const folder = join(root, String(folders));
  fs.mkdirSync(join(folder, 'data'), { recursive: true });
  return new FaultyDisk(library, folder, join(folder, 'data'));
}

/** Runs a program under the shim until it says `ready`, and then kills it. Returns what it printed. */
async function killed(disk: FaultyDisk, program: string): Promise<string> {
  disk.begin();
  const head = `const fs = require('node:fs'); process.chdir(${JSON.stringify(disk.dataDir)});`;
  const tail = `console.log('ready'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', head + program + tail], {
    env: { PATH: process.env['PATH'], ...disk.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.includes('ready')) break;
  }
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return text;
}

const read = (disk: FaultyDisk, name: string): string => fs.readFileSync(join(disk.dataDir, name), 'utf8');
const names = (disk: FaultyDisk): string[] => fs.readdirSync(disk.dataDir).sort();

const synced = `
  const fd = fs.openSync('a', 'w');
  fs.writeSync(fd, 'one');
  fs.fsyncSync(fd);
  const folder = fs.openSync('.', 'r');
  fs.fsyncSync(folder);
`;

describe('a loss of power', () => {
  it('leaves what was synced, file and folder', async () => {
    const disk = newDisk();
    await killed(disk, synced);
    disk.losePower('none', new Random(1));
    expect(names(disk)).toEqual(['a']);
    expect(read(disk, 'a')).toBe('one');
  });

  it('takes what was written and not synced', async () => {
    const disk = newDisk();
    await killed(disk, `${synced} fs.writeSync(fd, 'two'); fs.writeFileSync('b', 'three');`);
    expect(read(disk, 'a')).toBe('onetwo');
    const { lostBytes } = disk.losePower('none', new Random(1));
    expect(names(disk)).toEqual(['a']);
    expect(read(disk, 'a')).toBe('one');
    expect(lostBytes).toBe(8);
  });

  it('takes a name whose folder was not synced, and the file with it', async () => {
    const disk = newDisk();
    await killed(disk, `const fd = fs.openSync('a', 'w'); fs.writeSync(fd, 'one'); fs.fsyncSync(fd);`);
    disk.losePower('none', new Random(1));
    expect(names(disk)).toEqual([]);
  });

  it('takes back a rename, a removal and a cut that were not synced', async () => {
    const disk = newDisk();
    await killed(disk, `${synced} fs.renameSync('a', 'b'); fs.ftruncateSync(fd, 1); fs.unlinkSync('b');`);
    expect(names(disk)).toEqual([]);
    disk.losePower('none', new Random(1));
    expect(read(disk, 'a')).toBe('one');
  });

  it('keeps the inode of a file that stays', async () => {
    const disk = newDisk();
    await killed(disk, `${synced} fs.writeSync(fd, 'two');`);
    const { ino } = fs.statSync(join(disk.dataDir, 'a'));
    disk.losePower('none', new Random(1));
    expect(fs.statSync(join(disk.dataDir, 'a')).ino).toBe(ino);
  });

  it('may leave any of the sectors that were not synced, in whatever order', async () => {
    const program = `${synced} for (const letter of 'xyz') fs.writeSync(fd, letter.repeat(4 * 512), 0);`;
    const seen = new Set<string>();
    for (let seed = 1; seed <= 3; seed += 1) {
      const disk = newDisk();
      await killed(disk, program);
      disk.losePower('some', new Random(seed));
      const left = read(disk, 'a');
      for (let at = 0; at < left.length; at += 512) seen.add(left[at] ?? '');
      expect(left).toMatch(/^[onexyz\0]*$/);
    }
    expect(seen.size).toBeGreaterThan(2);
  });

  it('leaves a transaction of SQLite with synchronous=FULL and takes one with OFF', async () => {
    const left = async (mode: string): Promise<number> => {
      const disk = newDisk();
      await killed(
        disk,
        `const { DatabaseSync } = require('node:sqlite');
        const db = new DatabaseSync('db');
        db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (n)');
        db.exec('PRAGMA synchronous=${mode}');
        for (let n = 0; n < 20; n += 1) db.exec('INSERT INTO t VALUES (' + n + ')');`,
      );
      disk.losePower('none', new Random(1));
      const db = new DatabaseSync(join(disk.dataDir, 'db'));
      const row = db.prepare('SELECT count(*) AS n FROM t').get();
      db.close();
      return Number(row?.['n']);
    };
    expect(await left('FULL')).toBe(20);
    expect(await left('OFF')).toBe(0);
  });
});

it('fails writes while the disk is full, all of them or those that need room', async () => {
  const disk = newDisk();
  const attempt = `
    const attempt = (at) => { try { fs.writeSync(fd, 'x', at); return 'ok'; } catch (error) { return error.code; } };
    console.log(attempt(0), attempt(3));`;
  disk.fill('growth');
  fs.writeFileSync(join(disk.dataDir, 'a'), 'one');
  const open = `const fd = fs.openSync('a', 'r+');`;
  expect(await killed(disk, open + attempt)).toContain('ok ENOSPC');
  disk.fill('every');
  expect(await killed(disk, open + attempt)).toContain('ENOSPC ENOSPC');
  disk.fill('no');
  expect(await killed(disk, open + attempt)).toContain('ok ok');
});

it('moves the wall clock and not the other one', async () => {
  const disk = newDisk();
  const program = `console.log('clock ' + Date.now() + ' ' + process.hrtime.bigint() / 1000000n);`;
  disk.skew(-7_200_000);
  const text = await killed(disk, program);
  const [, wall = '', steady = ''] = /clock (\d+) (\d+)/.exec(text) ?? [];
  expect(Math.abs(Date.now() - 7_200_000 - Number(wall))).toBeLessThan(60_000);
  expect(Math.abs(Number(process.hrtime.bigint() / 1_000_000n) - Number(steady))).toBeLessThan(60_000);
});
