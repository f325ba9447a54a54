/** A mistake that somebody could make in one file, to see that it is noticed. */
export interface Plant {
  readonly name: string;
  /** From the root of the repository. */
  readonly file: string;
  /** In the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Those of the invariants by which it shows; the first one is the one it is about. */
  readonly expected: readonly string[];
  readonly why: string;
}
