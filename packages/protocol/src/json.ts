/**
 * Why a value decoded from the wire cannot be kept as it is, or `undefined`: nested deeper than `maxDepth`, or a number
 * that JSON cannot write back (1e999 parses as Infinity and would come out as null). Never recurses deeper than that.
 */
export function jsonError(value: unknown, maxDepth: number): string | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value) ? undefined : 'has a number that is not finite';
  if (typeof value !== 'object' || value === null) return undefined;
  if (maxDepth === 0) return 'is nested too deep';
  for (const item of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
    const problem = jsonError(item, maxDepth - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
