import type { Plant } from './plant.ts';

/** Mistakes in who may read. */
export const rights: readonly Plant[] = [
  {
    name: 'no-authorisation-on-replay',
    file: 'packages/core/src/commands/subscribe.ts',
    find: `.require({ user, action: 'subscribe', channel })
    .catch(`,
    replace: `.require({ user, action: 'subscribe', channel })
    .catch((error: unknown) => {
      const replayed = frame.since === undefined ? undefined : node.definitions(channel);
      if (replayed === undefined) throw error;
      return replayed;
    })
    .catch(`,
    expected: ['9'],
    why: 'somebody who brings a position along is taken for somebody who has been let in',
  },
  {
    name: 'presence-counts-the-dead',
    file: 'packages/core/src/presence/presence.ts',
    find: `    forgetDropped(present);
    present.metas.set(`,
    replace: '    present.metas.set(',
    expected: ['10'],
    why: 'a user who is back keeps the metas of the connections that dropped',
  },
  {
    name: 'wheel-never-stops',
    file: 'packages/core/src/connection/wheel.ts',
    find: 'if (this.node.hub.connections.size === 0) return;',
    replace: '',
    expected: ['15'],
    why: 'a timer goes on after the last connection has left',
  },
];
