import { readFileSync } from 'node:fs';

/** A change to the disk, or a sync, as the shim noted it. */
export type Note =
  | { readonly kind: 'made' | 'unlinked'; readonly inode: bigint; readonly name: string }
  | { readonly kind: 'renamed'; readonly inode: bigint; readonly from: string; readonly to: string }
  | { readonly kind: 'write'; readonly inode: bigint; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'length'; readonly inode: bigint; readonly size: number }
  | { readonly kind: 'sync'; readonly inode: bigint }
  | { readonly kind: 'folder-sync' };

/** `struct note` of shim.c: kind, path length, inode, at, data length. */
const headerBytes = 32;

/** Reads what the shim wrote. The last note may have been cut by a kill; then the change was not made. */
export function readNotes(file: string): Note[] {
  const all = readFileSync(file);
  const notes: Note[] = [];
  let at = 0;
  while (at + headerBytes <= all.length) {
    const pathBytes = all.readUInt32LE(at + 4);
    const dataBytes = Number(all.readBigUInt64LE(at + 24));
    const end = at + headerBytes + pathBytes + dataBytes;
    if (end > all.length) break;
    const header = { inode: all.readBigUInt64LE(at + 8), at: Number(all.readBigInt64LE(at + 16)) };
    const path = all.subarray(at + headerBytes, at + headerBytes + pathBytes).toString();
    notes.push(noteOf(String.fromCharCode(all[at] ?? 0), header, path, all.subarray(end - dataBytes, end)));
    at = end;
  }
  return notes;
}

function noteOf(
  kind: string,
  { inode, at }: { readonly inode: bigint; readonly at: number },
  path: string,
  bytes: Buffer,
): Note {
  const [from = '', to = ''] = path.split('\u0000');
  switch (kind) {
    case 'M':
      return { kind: 'made', inode, name: path };
    case 'U':
      return { kind: 'unlinked', inode, name: path };
    case 'R':
      return { kind: 'renamed', inode, from, to };
    case 'W':
      return { kind: 'write', inode, at, bytes };
    case 'L':
      return { kind: 'length', inode, size: at };
    case 'S':
      return { kind: 'sync', inode };
    case 'F':
      return { kind: 'folder-sync' };
    default:
      throw new Error(`the shim's notes: expected a kind of note, got ${JSON.stringify(kind)}`);
  }
}
