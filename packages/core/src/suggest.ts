/** The known name that was probably meant, or undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = distanceOf(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? containing(wanted, known);
}

/** THRUM_CONNECTIONS is far from THRUM_MAX_CONNECTIONS in letters, but not in words. */
function containing(wanted: string, known: Iterable<string>): string | undefined {
  const words = wanted.split(/[_.-]/).filter((word) => word.length > 3 && word !== 'thrum');
  return [...known].find((name) => words.some((word) => name.toLowerCase().split(/[_.-]/).includes(word)));
}

/** Insertions, deletions, replacements and swaps of neighbours between two texts (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let distance = Math.min(
        (previous[j] ?? 0) + 1,
        (current[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) distance = Math.min(distance, (beforePrevious[j - 2] ?? 0) + 1);
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The end of a sentence about an unknown name: `; did you mean "size"?`, or nothing. */
function suggestion(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined ? `; there are ${known.join(', ')}` : `; did you mean "${meant}"?`;
}

/**
 * A misspelled option that is passed over silently is a limit or a rule that does not hold.
 * @throws Error `unknown limit "chanels"; did you mean "channels"?`, with `place` in front.
 */
export function refuseUnknown(
  what: string,
  given: object | undefined,
  known: readonly string[],
  place = '',
): void {
  const name = Object.keys(given ?? {}).find((each) => !known.includes(each));
  if (name !== undefined) throw new Error(`${place}unknown ${what} "${name}"${suggestion(name, known)}`);
}
