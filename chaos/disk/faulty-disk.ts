import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@thrum/sim/random';
import { type Note, readNotes } from './notes.ts';
import { afterPowerLoss, type Folder, type Survival } from './power-loss.ts';

/** `every`: all writes fail, as where overwriting needs room too · `growth`: those that make a file longer. */
export type Full = 'no' | 'every' | 'growth';

const fullness: Readonly<Record<Full, bigint>> = { no: 0n, every: 1n, growth: 2n };

/** The disk and the clock of a process that runs under the shim. */
export class FaultyDisk {
  readonly dataDir: string;
  private readonly library: string;
  private readonly journal: string;
  private readonly controlFile: string;
  private readonly control: number;
  private before: Folder = new Map();

  constructor(library: string, folder: string, dataDir: string) {
    this.library = library;
    this.dataDir = dataDir;
    this.journal = join(folder, 'disk.notes');
    this.controlFile = join(folder, 'disk.control');
    fs.writeFileSync(this.controlFile, Buffer.alloc(16));
    this.control = fs.openSync(this.controlFile, 'r+');
  }

  /** For the process whose disk this is. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.library,
      CHAOS_DIR: this.dataDir,
      CHAOS_JOURNAL: this.journal,
      CHAOS_CONTROL: this.controlFile,
    };
  }

  /** Before each start of the process: everything that is there counts as synced. */
  begin(): void {
    this.before = readFolder(this.dataDir);
    fs.writeFileSync(this.journal, '');
  }

  fill(full: Full): void {
    this.set(0, fullness[full]);
  }

  /** Milliseconds by which the wall clock of the process is wrong. */
  skew(ms: number): void {
    this.set(8, BigInt(Math.round(ms)) * 1_000_000n);
  }

  /**
   * What is left after a loss of power, once the process was killed. Files that stay keep their inodes.
   * @throws Error when the shim has missed a change, and the result would mean nothing.
   */
  losePower(survival: Survival, chance: Random): { readonly lostBytes: number } {
    const notes = readNotes(this.journal);
    const now = readFolder(this.dataDir);
    this.compare(now, notes, chance);
    const left = afterPowerLoss(this.before, notes, survival, chance);
    for (const [name, { inode }] of now)
      if (left.get(name)?.inode !== inode) fs.rmSync(join(this.dataDir, name));
    for (const [name, { inode, bytes }] of left)
      fs.writeFileSync(join(this.dataDir, name), bytes, {
        flag: now.get(name)?.inode === inode ? 'r+' : 'wx',
        mode: 0o600,
      });
    // `r+` writes over what is there and leaves the rest.
    for (const [name, { bytes }] of left) fs.truncateSync(join(this.dataDir, name), bytes.length);
    return { lostBytes: differing(now, left) };
  }

  close(): void {
    fs.closeSync(this.control);
  }

  private set(at: number, value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    fs.writeSync(this.control, bytes, 0, 8, at);
  }

  private compare(now: Folder, notes: readonly Note[], chance: Random): void {
    // The kill may have come between the last note and its change.
    const candidates = [notes, notes.slice(0, -1)].map((some) =>
      difference(afterPowerLoss(this.before, some, 'all', chance), now),
    );
    if (!candidates.includes(undefined)) throw new Error(`the shim has missed a change: ${candidates[0]}`);
  }
}

function readFolder(folder: string): Folder {
  const names = fs.readdirSync(folder);
  return new Map(
    names.map((name) => {
      const { ino } = fs.statSync(join(folder, name), { bigint: true });
      return [name, { inode: ino, bytes: fs.readFileSync(join(folder, name)) }];
    }),
  );
}

/** Undefined when both are the same, but for what SQLite maps into memory. */
function difference(noted: Folder, real: Folder): string | undefined {
  const names = new Set([...noted.keys(), ...real.keys()]);
  for (const name of names) {
    const [one, other] = [noted.get(name), real.get(name)];
    if (one === undefined) return `${name} is there and was never made`;
    if (other === undefined) return `${name} was made and is not there`;
    if (!name.endsWith('-shm') && !one.bytes.equals(other.bytes))
      return `${name} has ${other.bytes.length} bytes that are not the ${one.bytes.length} that were written`;
  }
  return undefined;
}

/** Bytes that are in one and not, or not the same, in the other. */
function differing(one: Folder, other: Folder): number {
  let count = 0;
  for (const [name, { bytes }] of one) {
    if (name.endsWith('-shm')) continue;
    const left = other.get(name)?.bytes ?? Buffer.alloc(0);
    for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== left[at]) count += 1;
  }
  return count;
}
