import * as fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { checksum } from './rows.ts';

/**
 * What is known of the database outside of it, so that an older copy put in its place is recognised.
 *
 * `generation` grows at every opening, about twice a minute while there are commits, and at close. It is committed in the
 * database first and fsynced into a *new* fence file after that; the next growth waits until the file is there. So
 * database − fence is 0 or 1, whatever moment a crash picks:
 *
 * - 1: the crash came between the two writes. No rollback.
 * - negative: the database is older than the fence. Rolled back.
 * - more than 1, or no fence at all: the fence was replaced or taken away, and there is nothing to judge the database by.
 *   The very first fence, of generation 0, is written before the database, so a crash cannot look like this.
 *
 * A fence file carries its generation in its name and is never overwritten by the next one: a folder copied back over
 * this one brings its older fence along and leaves the newer one standing, and the highest counts.
 *
 * `commits` narrows what a generation leaves open. The count is part of every transaction, and is written into the fence
 * after COMMIT has returned, in place and without fsync. The fence thus never knows of a commit that is not on disk. After
 * kill -9 it is behind by at most one; a database with fewer commits has lost some that were acknowledged (a truncated
 * or deleted WAL, a younger copy). After a power loss the fence may have lost more than the database, which proves
 * nothing and changes nothing; a disk that lied about fsync may have lost more of the database, and that does.
 */
export interface Fence {
  readonly generation: number;
  /** Of the database: a random id from its creation. */
  readonly instance: string;
  readonly commits: number;
  /** Written by `close` as its last act. */
  readonly clean: boolean;
}

export interface FoundFence {
  /** Undefined when there is no fence, or none that can be read. */
  readonly fence: Fence | undefined;
  readonly damaged: boolean;
}

/** Two sectors: the header, and the count that is overwritten. A torn count does no harm to the header. */
const sector = 512;
const countWidth = 40;

/** The newest fence of this database file. */
export function readFence(file: string): FoundFence {
  const newest = generationsOf(file).at(-1);
  if (newest === undefined) return { fence: undefined, damaged: false };
  const bytes = fs.readFileSync(nameOf(file, newest), 'utf8');
  const header = unseal(bytes.slice(0, sector));
  if (header === undefined) return { fence: undefined, damaged: true };
  const fence = JSON.parse(header) as Fence;
  if (fence.generation !== newest) return { fence: undefined, damaged: true };
  const count = Number(unseal(bytes.slice(sector)) ?? 0);
  return { fence: { ...fence, commits: Math.max(fence.commits, count) }, damaged: false };
}

/** The fence of a running database: one file, kept open for the count. */
export class FenceFile {
  private readonly file: string;
  private descriptor: number | undefined;
  private readonly count: Buffer = Buffer.alloc(countWidth, ' ');

  constructor(file: string) {
    this.file = file;
  }

  /** Fsynced, file and folder, before it returns; older fences are removed after that. */
  write(fence: Fence): void {
    const name = nameOf(this.file, fence.generation);
    const temporary = `${this.file}-fence.tmp`;
    const bytes = Buffer.alloc(2 * sector, ' ');
    bytes.write(seal(JSON.stringify(fence)));
    bytes.write(seal(String(fence.commits)), sector);
    const descriptor = fs.openSync(temporary, 'w+', 0o600);
    try {
      fs.writeSync(descriptor, bytes, 0, bytes.length, 0);
      fs.fsyncSync(descriptor);
      fs.renameSync(temporary, name);
      syncFolder(dirname(this.file));
    } catch (error) {
      fs.closeSync(descriptor);
      throw error;
    }
    this.close();
    this.descriptor = descriptor;
    for (const generation of generationsOf(this.file)) {
      if (generation < fence.generation) fs.rmSync(nameOf(this.file, generation), { force: true });
    }
  }

  /** Goes on with a fence that is there already. */
  attach(generation: number): void {
    this.close();
    this.descriptor = fs.openSync(nameOf(this.file, generation), 'r+');
  }

  /** Notes that so many commits are on disk. */
  note(commits: number): void {
    if (this.descriptor === undefined) return;
    this.count.fill(' ');
    this.count.write(seal(String(commits)));
    fs.writeSync(this.descriptor, this.count, 0, countWidth, sector);
  }

  close(): void {
    if (this.descriptor !== undefined) fs.closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

function nameOf(file: string, generation: number): string {
  return `${file}-fence.${generation}`;
}

/** Ascending. */
function generationsOf(file: string): number[] {
  const prefix = `${basename(file)}-fence.`;
  const found: number[] = [];
  for (const name of fs.readdirSync(dirname(file))) {
    const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    if (/^\d{1,15}$/.test(rest)) found.push(Number(rest));
  }
  return found.sort((a, b) => a - b);
}

function seal(text: string): string {
  return `${checksum(text).toString(16).padStart(8, '0')} ${text}\n`;
}

function unseal(sealed: string): string | undefined {
  const text = sealed.slice(9, sealed.indexOf('\n'));
  return seal(text) === sealed.slice(0, sealed.indexOf('\n') + 1) ? text : undefined;
}

/** Makes a rename or a new file in this folder survive a power loss. */
function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
