import { setTimeout } from 'node:timers/promises';
import { defaultDeadline } from '@thrum/testkit';

/** Waits until something holds, of which nobody tells. */
export async function eventually(holds: () => unknown, deadline: number = defaultDeadline): Promise<void> {
  const end = performance.now() + deadline;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`expected within ${deadline} ms: ${holds.toString()}`);
    await setTimeout(10);
  }
}
