import { readFileSync, writeFileSync } from 'node:fs';

/** The most RSS of a process, bytes; NaN where the system does not say. `isNew` makes it count from here on. */
export function peakRss(pid: number | 'self', isNew: boolean): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (isNew) writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return Number(kibibytes) * 1024;
  } catch {
    return Number.NaN;
  }
}
