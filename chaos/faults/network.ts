import { channels, limits } from '../channels.ts';
import { sleep } from '../clock.ts';
import type { ClientPlan } from '../world/client.ts';
import type { Scenario } from './scenario.ts';

const crowd = 40;

/** In turn, so that each round is another kind. */
const silences = ['both', 'up', 'down', 'gone'] as const;

export const halfOpen: Scenario = {
  name: 'half-open',
  what: 'TCP connections that say nothing any more: frozen both ways, one way, or gone at one end alone',
  async strike(world, chance, round) {
    const kind = silences[round % silences.length] ?? 'both';
    const struck = world.clients.filter(() => chance.chance(0.6));
    world.fault(`half-open ${kind}`, struck.map(({ plan }) => plan.name).join(' '));
    for (const { proxy } of struck) {
      if (kind === 'gone') proxy.halfOpen();
      else if (kind === 'both') proxy.freeze('up', 'down');
      else proxy.freeze(kind);
    }
    await sleep(limits.deadSeconds * 1000 + chance.between(0, 1000));
    return () => {
      for (const { proxy } of struck) {
        // Half of what was on its way never arrives.
        if (chance.chance(0.5)) proxy.cut();
        proxy.thaw();
      }
    };
  },
};

export const flap: Scenario = {
  name: 'flap',
  what: 'links that are reset, cut, refused and delayed, again and again',
  async strike(world, chance) {
    for (let times = chance.whole(4, 12); times > 0; times -= 1) {
      const { proxy, plan } = chance.pick(world.clients);
      const kind = chance.pick(['reset', 'reset-up', 'reset-down', 'cut', 'refuse', 'delay'] as const);
      world.fault(`link ${kind}`, plan.name);
      proxy.refusing = kind === 'refuse';
      if (kind === 'cut' || kind === 'refuse') proxy.cut();
      else if (kind === 'delay') proxy.latency = chance.between(1, 80);
      else proxy.reset(({ reset: 'both', 'reset-up': 'up', 'reset-down': 'down' } as const)[kind]);
      await sleep(chance.between(10, 250));
    }
    return () => {
      for (const { proxy } of world.clients) {
        proxy.refusing = false;
        proxy.latency = 0;
      }
    };
  },
};

export const slowReader: Scenario = {
  name: 'slow-reader',
  what: 'somebody stops reading: its outbox stays under the cap, it is told, and comes back',
  pad: 24_000,
  every: 8,
  async strike(world) {
    const { reader, server } = world;
    const closed = async (): Promise<number> => (await server.call('counts')).slowConsumers;
    const before = await closed();
    world.fault('slow-reader', 'rex');
    reader.lastClose = 0;
    reader.pause();
    // The kernel's buffers take several megabytes before the outbox has any.
    const until = performance.now() + 12_000;
    while (performance.now() < until && (await closed()) === before) {
      // It is slow, not dead.
      reader.poke();
      await sleep(100);
    }
    const count = (await closed()) - before;
    world.expect(`one reader is closed because it does not read, not ${count}`, count === 1);
    return async () => {
      reader.resume();
      const end = performance.now() + 5000;
      while (performance.now() < end && reader.lastClose === 0) await sleep(20);
      // The close frame is behind all that it did not read; where that takes too long the connection ends without.
      const { lastClose } = reader;
      world.expect(`it is told with 4008, or cut off (1006): ${lastClose}`, [4008, 1006].includes(lastClose));
    };
  },
};

export const storm: Scenario = {
  name: 'storm',
  what: `${crowd} more subscribers lose their connections at one moment, half the time with the server`,
  every: 60,
  async prepare(world) {
    for (let n = 1; n <= crowd; n += 1) {
      const plan: ClientPlan = { name: `crowd${n}`, listens: [channels.durable], publishes: [] };
      await world.join(plan);
    }
  },
  async strike(world, chance) {
    const isDown = chance.chance(0.5);
    world.fault(isDown ? 'storm, server gone' : 'storm');
    if (isDown) await world.server.kill();
    for (const { proxy } of world.clients) proxy.reset();
    await sleep(chance.between(50, 500));
    return async () => {
      if (isDown) await world.server.start();
    };
  },
};
