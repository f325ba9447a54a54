import { statSync } from 'node:fs';

/** Which file on disk this is. */
export interface Identity {
  readonly ino: string;
  /** When the inode was made, in nanoseconds; empty when the file system does not say. */
  readonly born: string;
}

/**
 * Undefined when there is no such file. The device number is left out on purpose: it is given anew at each boot or mount
 * on LVM, btrfs, overlay and network file systems, and a reboot must not change an epoch.
 */
export function identityOf(file: string): Identity | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  // Where the kernel does not tell the time of birth, libuv gives that of the last change, which moves.
  const known = stat.birthtimeNs > 0n && stat.birthtimeNs !== stat.ctimeNs;
  return { ino: String(stat.ino), born: known ? String(stat.birthtimeNs) : '' };
}

/** Whether both can be the same file. */
export function isSameFile(one: Identity, other: Identity): boolean {
  return one.ino === other.ino && (one.born === other.born || one.born === '' || other.born === '');
}
