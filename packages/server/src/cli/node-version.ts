/** The `engines` of package.json; a test keeps them equal. */
export const wantedNode = '^22.19 || >=24.15';

/** A sentence when this Node is too old for Thrum. Only syntax that Node 12 knows. */
export function nodeProblem(version: string): string | undefined {
  const numbers = version.split('.');
  const major = Number(numbers[0]);
  const minor = Number(numbers[1]);
  const fits = (major === 22 && minor >= 19) || (major === 24 && minor >= 15) || major > 24;
  if (fits) return undefined;
  return (
    'thrum: expected Node ' +
    wantedNode +
    ', got Node ' +
    version +
    ' (' +
    process.execPath +
    '). Install Node 24 from https://nodejs.org, or put one in front of it in PATH.'
  );
}
