import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';
import { resultOf } from '../result.ts';
import { run } from '../run.ts';

it('holds every promise in 60 worlds', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const { violation, slice } = resultOf(await run(seed));
    expect({ seed, violation, slice: violation && slice }).toEqual({
      seed,
      violation: undefined,
      slice: undefined,
    });
  }
});

it('lives the same life twice', async () => {
  const [one, other] = [await run(3), await run(3)];
  expect(other.history).toEqual(one.history);
});

/** In a process of its own, because a plant changes what is loaded. */
function planted(plant: string): Promise<{ readonly code: unknown; readonly text: string }> {
  const main = new URL('../main.ts', import.meta.url).pathname;
  const args = ['--conditions=thrum:source', main, '--plant', plant, '--seeds', '40', '--jobs', '1'];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, stdout) => resolve({ code: error?.code ?? 0, text: stdout }));
  });
}

it.each([
  ['ack-before-persist', 1],
  ['epoch-ignored', 7],
])('catches the plant %s by invariant %i', { timeout: 60_000 }, async (plant, invariant) => {
  const { code, text } = await planted(plant);
  expect(text).toContain(`broke invariant ${invariant}`);
  expect(text).toContain('npm run sim -- --seed');
  expect(code).toBe(1);
});

it('refuses a plant whose text is not there', async () => {
  const { code } = await planted('no-such-plant');
  expect(code).toBe(2);
});
