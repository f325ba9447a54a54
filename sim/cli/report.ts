import type { Plant } from '../plants/index.ts';
import type { Result } from '../result.ts';
import { sometimes } from '../sometimes.ts';

/** Fewer seeds than this may well miss a situation. */
const enough = 500;

/** What all runs together met. */
export class Report {
  seeds = 0;
  private virtualMs = 0;
  private events = 0;
  private readonly counts = new Map<string, number>(sometimes.map((name) => [name, 0]));
  private readonly knownSeeds = new Map<string, number[]>();
  private readonly startedAt = performance.now();

  add({ virtualMs, events, met, known, seed }: Result): void {
    this.seeds += 1;
    this.virtualMs += virtualMs;
    this.events += events;
    for (const name of met) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    for (const name of known) this.knownSeeds.set(name, [...(this.knownSeeds.get(name) ?? []), seed]);
  }

  get known(): ReadonlyMap<string, readonly number[]> {
    return this.knownSeeds;
  }

  /** Situations that no seed met, once there were enough seeds to expect them. */
  get blind(): readonly string[] {
    if (this.seeds < enough) return [];
    return [...this.counts].filter(([, count]) => count === 0).map(([name]) => name);
  }

  rate(): string {
    const seconds = (performance.now() - this.startedAt) / 1000;
    return `${this.seeds} seeds in ${seconds.toFixed(1)} s, ${(this.seeds / seconds).toFixed(1)} seeds/s`;
  }

  text(): string {
    const lines = [
      `${this.rate()}, ${Math.round(this.virtualMs / 1000)} virtual seconds, ${this.events} events in their histories`,
      ...this.section(
        'faults that were struck, in how many seeds (a quarter of the seeds has none)',
        'fault: ',
      ),
      ...this.section('what went wrong or came about by itself, in how many seeds', 'met: '),
      ...this.section('situations that a promise is about, in how many seeds', ''),
      '',
      this.seeds < enough
        ? `from ${enough} seeds on it is an error if one of these never happened`
        : 'one that never happened would be an error: then nothing was shown about it',
    ];
    for (const [name, seeds] of this.knownSeeds)
      lines.push(
        '',
        `known defect ${name} (sim/known.ts): ${seeds.length} seeds, ${seeds.slice(0, 5).join(' ')}`,
      );
    return `${lines.join('\n')}\n`;
  }

  /** The counters with this prefix; without one, those that have none. */
  private section(title: string, prefix: string): string[] {
    const names = [...this.counts.keys()].filter((name) =>
      prefix === '' ? !/^(fault|met): /.test(name) : name.startsWith(prefix),
    );
    return [
      '',
      `${title}:`,
      ...names.map((name) => `${String(this.counts.get(name)).padStart(7)}  ${name.slice(prefix.length)}`),
    ];
  }
}

/** A broken promise as it is shown: what, the shortest slice of history that tells it, and how to see it again. */
export function failureText({ seed, violation, slice }: Result, plant: Plant | undefined): string {
  const again = `npm run sim -- --seed ${seed}${plant === undefined ? '' : ` --plant ${plant.name}`}`;
  return [
    `seed ${seed} broke invariant ${violation?.invariant}: ${violation?.says}`,
    ...(plant === undefined ? [] : [`  as planted in ${plant.file}: ${plant.why}`]),
    `  ${violation?.message}`,
    '  the lines of its history that are about it (t: virtual milliseconds, k: what happened, v: publisher#number, at: place',
    '  in the log, c: a client, conn: its connection, s: its subscription; all of them in sim/history.ts):',
    ...slice.map((line) => `    ${line}`),
    `  again, with every line: ${again} --trace`,
    '',
  ].join('\n');
}
