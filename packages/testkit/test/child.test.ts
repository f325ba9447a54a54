import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { spawnNode, within } from '../src/index.ts';

// The grandchild shares standard error, which therefore closes only when it has ended too.
const runner = `
  import { spawnNode } from '@thrum/testkit';
  const child = spawnNode(['-e', 'process.stdout.write("ready"); setInterval(() => {}, 1000)']);
  child.stdout.once('data', () => process.stdout.write('ready'));
  setInterval(() => {}, 1000);
`;

it('a process that a test started ends with a runner that is killed', async () => {
  const child = spawnNode(['--input-type=module', '-e', runner], { cwd: import.meta.dirname, stderr: true });
  await within(once(child.stdout, 'data'), () => 'the grandchild');
  child.kill('SIGKILL');
  expect(await within(text(child.stderr!), () => 'the end of the grandchild')).toBe('');
});

it('and is not kept alive by that', async () => {
  const child = spawnNode(['-e', 'process.stdout.write("done")']);
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect([output, code]).toEqual(['done', 0]);
});
