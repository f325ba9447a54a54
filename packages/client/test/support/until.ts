/** Lets the host's own promises, streams and imports go on until it is so; no timer of the client fires meanwhile. */
export async function until(isSo: () => boolean, what = 'the condition'): Promise<void> {
  for (let turn = 0; turn < 5000; turn += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${what} did not come about: ${isSo.toString()}`);
}

/** Lets everything happen that needs no time to pass. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
