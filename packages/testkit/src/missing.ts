/** What {@link skip} needs of vitest's test context. */
interface Skippable {
  readonly task: { readonly meta: object };
  skip(note: string): never;
}

/** Leaves a test out because this machine lacks something. `npm test` says what; in CI it counts as a failure. */
export function skip(context: Skippable, missing: string): never {
  Object.assign(context.task.meta, { missing });
  return context.skip(missing);
}
