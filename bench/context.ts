import type { Executables } from './executables.ts';
import type { Options } from './options.ts';
import { descriptorLimit } from './report/machine.ts';

/** What a scenario is given. */
export interface Context {
  readonly options: Options;
  readonly executables: Executables;
}

/** Descriptors that a process needs besides its connections. */
const spareDescriptors = 100;

/** How many connections to open over all `servers`: what was asked for, or `usual`, as far as descriptors go. */
export function connectionsWith({ options }: Context, usual: number, servers: number): number {
  const { connections, quick } = options;
  return bounded(connections ?? (quick ? 1000 : usual), servers);
}

/** What is cut off is said: a storm of another size is another storm. */
function bounded(wanted: number, processes: number): number {
  const most = (descriptorLimit() - spareDescriptors) * processes;
  if (wanted <= most) return wanted;
  process.stderr.write(
    `${wanted} connections wanted, ${most} taken: a process here may open no more files (ulimit -n)\n`,
  );
  return most;
}
