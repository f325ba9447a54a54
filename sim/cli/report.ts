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
      `${this.rate()}, ${Math.round(this.virtualMs / 1000)} virtual seconds, ${this.events} events`,
      '',
      'sometimes, in how many seeds:',
    ];
    for (const [name, count] of this.counts) lines.push(`${String(count).padStart(7)}  ${name}`);
    for (const [name, seeds] of this.knownSeeds)
      lines.push('', `known defect ${name}: ${seeds.length} seeds, ${seeds.slice(0, 5).join(' ')}`);
    return `${lines.join('\n')}\n`;
  }
}

/** A broken promise as it is shown: what, the shortest slice of history that tells it, and how to see it again. */
export function failureText({ seed, violation, slice }: Result, plant: string | undefined): string {
  const again = `npm run sim -- --seed ${seed}${plant === undefined ? '' : ` --plant ${plant}`}`;
  return [
    `seed ${seed} broke invariant ${violation?.invariant}: ${violation?.says}`,
    `  ${violation?.message}`,
    ...slice.map((line) => `    ${line}`),
    `  again: ${again} --trace`,
    '',
  ].join('\n');
}
