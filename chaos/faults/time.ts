import { channels, limits } from '../channels.ts';
import { sleep } from '../clock.ts';
import type { World } from '../world/world.ts';
import type { Scenario } from './scenario.ts';

const hour = 3_600_000;

export const clock: Scenario = {
  name: 'clock',
  what: 'the wall clock jumps by hours, both ways',
  shim: true,
  async prepare(world) {
    for (let n = 0; n < 20; n += 1) world.client('ada').publish(channels.still);
    while (!world.client('ada').isIdle) await sleep(20);
  },
  async strike(world, chance) {
    for (let times = chance.whole(2, 4); times > 0; times -= 1) {
      await look(world, 'before');
      const ms = chance.pick([-1, 1]) * chance.pick([3000, 2 * hour, 30 * hour]);
      world.fault('clock', `${ms} ms`);
      world.disk.skew(ms);
      await sleep(chance.between(100, 700));
      await look(world, 'after');
    }
    // A clean restart takes the distance of the two clocks along.
    if (chance.chance(0.4)) {
      await world.server.terminate();
      await world.server.start();
      await look(world, 'after');
    }
    return () => world.disk.skew(0);
  },
};

/** Nobody publishes to this one, so only time can change it. */
async function look(world: World, when: 'before' | 'after'): Promise<void> {
  const channel = channels.still;
  const { oldest, epoch, offset } = (await world.standings())[channel] ?? { oldest: 0, epoch: '', offset: 0 };
  world.paper.record({ k: 'kept', when, channel, oldest, top: { epoch, offset } });
}

/** Beside the drain itself: closing handshakes, the last transaction, the end of the process. */
const closing = 2000;

export const drain: Scenario = {
  name: 'drain',
  what: 'SIGTERM under load: everyone is told, the process ends in time, everyone resumes',
  faulty: false,
  async strike(world, chance) {
    const there = [world.reader.conn, ...world.clients.map(({ client }) => client.connectionId ?? '')];
    // Whoever is on the way back has nothing to be told.
    const conns = there.filter((conn) => conn !== '');
    world.paper.record({ k: 'drain', node: 'server', ms: limits.drainSeconds * 1000 + closing, conns });
    await world.server.terminate();
    world.paper.record({ k: 'drained', node: 'server', left: 0 });
    await sleep(chance.between(0, 300));
    return () => world.server.start();
  },
};
