import { execFileSync } from 'node:child_process';

/** Set in the processes that {@link namespaced} begins. */
const mark = 'THRUM_OWN_NAMESPACE';

/** Whether this process may mount what it likes, and nobody else sees it. */
export const isNamespaced: boolean = process.env[mark] === 'yes';

/** What every Debian allows: root has the right, everybody else gets it in a user namespace. */
const ways = [['--mount'], ['--map-root-user', '--mount']];

/**
 * How to run something in a mount namespace of its own, which ends, mounts included, with its last process; or why that
 * is not possible here.
 */
export function namespaced():
  | { readonly command: readonly string[]; readonly env: NodeJS.ProcessEnv }
  | { readonly missing: string } {
  for (const flags of ways) {
    try {
      execFileSync('unshare', [...flags, 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp'], { stdio: 'ignore' });
      return { command: ['unshare', ...flags], env: { ...process.env, [mark]: 'yes' } };
    } catch {
      // The next way.
    }
  }
  return {
    missing:
      'a small disk cannot be mounted: expected `unshare --mount` to work for root, or `unshare --map-root-user --mount` for ' +
      'others (package util-linux; sysctl kernel.unprivileged_userns_clone=1, Debian’s default; no sandbox that forbids it)',
  };
}
