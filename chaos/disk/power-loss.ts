import type { Random } from '@thrum/sim/random';
import type { Note } from './notes.ts';

/** Files by name. */
export type Folder = ReadonlyMap<string, { readonly inode: bigint; readonly bytes: Buffer }>;

/**
 * What of the unsynced survives. `none`: the strict reading of POSIX. `some`: each sector of each write may have reached
 * the disk or not, whatever came before or after it, and the folder's entries up to some change. `all`: nothing is lost,
 * which is how the shim is checked against the real folder.
 */
export type Survival = 'none' | 'some' | 'all';

/** What a drive writes at once. */
const sectorBytes = 512;

type Change = Extract<Note, { readonly kind: 'write' | 'length' }>;
type Entry = Extract<Note, { readonly kind: 'made' | 'renamed' | 'unlinked' }>;

class File {
  readonly inode: bigint;
  durable: Buffer;
  pending: Change[] = [];

  constructor(inode: bigint, bytes: Buffer = Buffer.alloc(0)) {
    this.inode = inode;
    this.durable = bytes;
  }

  sync(): void {
    this.durable = applied(this.durable, this.pending, () => true);
    this.pending = [];
  }
}

/** The folder as a loss of power leaves it: its state before, and everything that was done to it since. */
export function afterPowerLoss(
  before: Folder,
  notes: readonly Note[],
  survival: Survival,
  chance: Random,
): Folder {
  const disk = new Disk(before);
  for (const note of notes) disk.note(note);
  return disk.survivors(survival, chance);
}

class Disk {
  /** By inode, which may be given anew once a file is gone. */
  private readonly files = new Map<bigint, File>();
  private entries = new Map<string, File>();
  private pending: { readonly entry: Entry; readonly file: File }[] = [];

  constructor(before: Folder) {
    for (const [name, { inode, bytes }] of before) this.entries.set(name, this.made(inode, bytes));
  }

  note(note: Note): void {
    switch (note.kind) {
      case 'made':
        this.pending.push({ entry: note, file: this.made(note.inode) });
        break;
      case 'renamed':
      case 'unlinked':
        this.pending.push({ entry: note, file: this.file(note.inode) });
        break;
      case 'write':
      case 'length':
        this.file(note.inode).pending.push(note);
        break;
      case 'sync':
        this.file(note.inode).sync();
        break;
      case 'folder-sync':
        this.entries = entriesAfter(this.entries, this.pending);
        this.pending = [];
        break;
      default:
        note satisfies never;
    }
  }

  survivors(survival: Survival, chance: Random): Folder {
    // A journaling file system keeps the order of its entries.
    const count = { none: 0, some: chance.whole(0, this.pending.length), all: this.pending.length }[survival];
    const entries = entriesAfter(this.entries, this.pending.slice(0, count));
    const keeps = { none: () => false, some: () => chance.chance(0.5), all: () => true }[survival];
    return new Map(
      [...entries].map(([name, { inode, durable, pending }]) => [
        name,
        { inode, bytes: applied(durable, pending, keeps) },
      ]),
    );
  }

  private made(inode: bigint, bytes?: Buffer): File {
    const file = new File(inode, bytes);
    this.files.set(inode, file);
    return file;
  }

  private file(inode: bigint): File {
    const file = this.files.get(inode);
    if (file === undefined) throw new Error(`the shim noted a change to inode ${inode}, which nobody made`);
    return file;
  }
}

function entriesAfter(
  before: ReadonlyMap<string, File>,
  changes: readonly { readonly entry: Entry; readonly file: File }[],
): Map<string, File> {
  const entries = new Map(before);
  for (const { entry, file } of changes) {
    if (entry.kind === 'renamed') {
      entries.delete(entry.from);
      entries.set(entry.to, file);
    } else if (entry.kind === 'made') entries.set(entry.name, file);
    else entries.delete(entry.name);
  }
  return entries;
}

/** Bytes after those changes, or sectors of them, that `keeps` says yes to. */
function applied(before: Buffer, changes: readonly Change[], keeps: () => boolean): Buffer {
  const end = Math.max(before.length, ...changes.map((each) => endOf(each)));
  const bytes = Buffer.alloc(end);
  before.copy(bytes);
  let size = before.length;
  for (const change of changes) {
    if (change.kind === 'length') {
      if (!keeps()) continue;
      // What is cut off reads as zeros if the file grows again.
      if (change.size < size) bytes.fill(0, change.size, size);
      size = change.size;
      continue;
    }
    for (let at = change.at; at < endOf(change);) {
      const next = Math.min(endOf(change), at - (at % sectorBytes) + sectorBytes);
      if (keeps()) {
        change.bytes.copy(bytes, at, at - change.at, next - change.at);
        size = Math.max(size, next);
      }
      at = next;
    }
  }
  return bytes.subarray(0, size);
}

function endOf(change: Change): number {
  return change.kind === 'length' ? change.size : change.at + change.bytes.length;
}
