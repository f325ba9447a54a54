import { Random } from '@thrum/sim/random';
import { describe, expect, it } from 'vitest';
import type { Note } from '../disk/notes.ts';
import { afterPowerLoss, type Survival } from '../disk/power-loss.ts';

const write = (inode: bigint, at: number, text: string): Note => ({
  kind: 'write',
  inode,
  at,
  bytes: Buffer.from(text),
});
const made = (inode: bigint, name: string): Note => ({ kind: 'made', inode, name });
const sync = (inode: bigint): Note => ({ kind: 'sync', inode });
const folder: Note = { kind: 'folder-sync' };

function left(notes: readonly Note[], survival: Survival, seed = 1): Record<string, string> {
  const before = new Map([['old', { inode: 1n, bytes: Buffer.from('abc') }]]);
  const after = afterPowerLoss(before, notes, survival, new Random(seed));
  return Object.fromEntries([...after].map(([name, { bytes }]) => [name, bytes.toString()]));
}

describe('what a loss of power leaves', () => {
  it('is all that was there before, and nothing that was not synced', () => {
    const notes = [write(1n, 0, 'xyz'), made(2n, 'new'), write(2n, 0, 'n'), sync(2n)];
    expect(left(notes, 'none')).toEqual({ old: 'abc' });
    expect(left(notes, 'all')).toEqual({ old: 'xyz', new: 'n' });
  });

  it('has the bytes of the last sync, and the names of the last sync of the folder', () => {
    const notes = [made(2n, 'new'), write(2n, 0, 'n'), sync(2n), folder, write(2n, 1, 'm')];
    expect(left(notes, 'none')).toEqual({ old: 'abc', new: 'n' });
  });

  it('has a file under its old name until the folder is synced', () => {
    const renamed: Note = { kind: 'renamed', inode: 1n, from: 'old', to: 'other' };
    expect(left([renamed], 'none')).toEqual({ old: 'abc' });
    expect(left([renamed, folder], 'none')).toEqual({ other: 'abc' });
  });

  it('tells a file from a later one with its inode', () => {
    const unlinked: Note = { kind: 'unlinked', inode: 1n, name: 'old' };
    const notes = [unlinked, made(1n, 'new'), write(1n, 0, 'n'), sync(1n)];
    expect(left(notes, 'none')).toEqual({ old: 'abc' });
    expect(left([...notes, folder], 'none')).toEqual({ new: 'n' });
  });

  it('has zeros where a file was cut and grew again', () => {
    const notes: Note[] = [{ kind: 'length', inode: 1n, size: 1 }, write(1n, 3, 'd'), sync(1n)];
    expect(left(notes, 'none')).toEqual({ old: 'a\0\0d' });
  });

  it('may have a later write without an earlier one, sector by sector', () => {
    const notes = [write(1n, 0, 'x'.repeat(1024)), write(1n, 1024, 'y'.repeat(1024))];
    const seen = new Set<string>();
    for (let seed = 1; seed <= 200; seed += 1) {
      const { old = '' } = left(notes, 'some', seed);
      seen.add([0, 512, 1024, 1536].map((at) => old[at]?.replace(/[abc\0]/, '-') ?? '.').join(''));
    }
    expect(seen).toContain('--yy');
    expect(seen).toContain('x...');
    expect(seen).toContain('xxyy');
    expect(seen.size).toBe(16);
  });

  it('refuses notes of a file that nobody made', () => {
    expect(() => left([write(9n, 0, 'x')], 'none')).toThrow('inode 9, which nobody made');
  });
});
