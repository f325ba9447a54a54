/** Milliseconds as a number, or a number with a unit: `250ms`, `30s`, `5m`, `24h`, `7d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration.
 * @throws RangeError saying what was expected and what came.
 */
export function toMilliseconds(duration: Duration): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration));
  const value =
    typeof duration === 'number' ? duration : Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(
    `expected a duration such as 500, "30s", "5m" or "24h", got ${JSON.stringify(duration)}`,
  );
}
