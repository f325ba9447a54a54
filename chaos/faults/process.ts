import { limits } from '../channels.ts';
import { sleep } from '../clock.ts';
import type { Scenario } from './scenario.ts';

const nothing = (): void => undefined;

export const none: Scenario = {
  name: 'none',
  what: 'nothing goes wrong',
  faulty: false,
  async strike(_world, chance) {
    await sleep(chance.between(300, 900));
    return nothing;
  },
};

export const kill: Scenario = {
  name: 'kill',
  what: 'kill -9 while everybody publishes, then a restart; now and then a second one',
  async strike(world, chance) {
    world.fault('kill');
    await world.server.kill();
    await sleep(chance.between(0, 300));
    if (chance.chance(0.4)) {
      await world.server.start();
      await sleep(chance.between(50, 600));
      world.fault('kill');
      await world.server.kill();
    }
    return () => world.server.start();
  },
};

export const freeze: Scenario = {
  name: 'freeze',
  what: 'SIGSTOP for longer than any heartbeat, then SIGCONT',
  async strike(world, chance) {
    world.fault('freeze');
    world.server.signal('SIGSTOP');
    await sleep(limits.deadSeconds * 1000 + chance.between(100, 900));
    return () => world.server.signal('SIGCONT');
  },
};
