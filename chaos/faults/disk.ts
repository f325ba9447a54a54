import * as fs from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@thrum/sim/random';
import { sleep } from '../clock.ts';
import type { World } from '../world/world.ts';
import type { Scenario } from './scenario.ts';

const database = 'thrum.db';

export const wiped: Scenario = {
  name: 'wiped',
  what: 'the data folder is gone after a crash',
  async strike(world, chance) {
    await world.server.kill();
    world.readDisk();
    world.fault('wiped');
    for (const name of fs.readdirSync(world.server.dataDir)) fs.rmSync(join(world.server.dataDir, name));
    await sleep(chance.between(0, 200));
    return () => world.server.start();
  },
};

type Damage = (folder: string, chance: Random) => void;

function overwrite(folder: string, name: string, chance: Random, bytes: number): void {
  const file = join(folder, name);
  if (!fs.existsSync(file) || fs.statSync(file).size === 0) return;
  const size = fs.statSync(file).size;
  const descriptor = fs.openSync(file, 'r+');
  const noise = Buffer.from(Array.from({ length: bytes }, () => chance.whole(0, 255)));
  fs.writeSync(descriptor, noise, 0, bytes, chance.whole(0, Math.max(0, size - bytes)));
  fs.closeSync(descriptor);
}

function cut(folder: string, name: string, chance: Random): void {
  const file = join(folder, name);
  if (fs.existsSync(file)) fs.truncateSync(file, chance.whole(0, fs.statSync(file).size));
}

function fences(folder: string): readonly string[] {
  return fs.readdirSync(folder).filter((name) => name.startsWith(`${database}-fence.`));
}

const damages: Readonly<Record<string, Damage>> = {
  'WAL cut': (folder, chance) => cut(folder, `${database}-wal`, chance),
  'database cut': (folder, chance) => cut(folder, database, chance),
  'WAL overwritten': (folder, chance) => overwrite(folder, `${database}-wal`, chance, chance.whole(1, 4096)),
  'database overwritten': (folder, chance) => overwrite(folder, database, chance, chance.whole(1, 4096)),
  'bits of the database': (folder, chance) => {
    for (let n = 0; n < 20; n += 1) overwrite(folder, database, chance, 1);
  },
  'WAL gone': (folder) => fs.rmSync(join(folder, `${database}-wal`), { force: true }),
  'fence gone': (folder) => {
    for (const name of fences(folder)) fs.rmSync(join(folder, name));
  },
  'fence overwritten': (folder, chance) => {
    for (const name of fences(folder)) overwrite(folder, name, chance, 40);
  },
};

export const damaged: Scenario = {
  name: 'damaged',
  what: 'log files cut short, overwritten or missing after a crash',
  async strike(world, chance) {
    await world.server.kill();
    world.readDisk();
    world.isDamaged = true;
    const kind = chance.pick(Object.keys(damages));
    world.fault(`damaged: ${kind}`);
    damages[kind]?.(world.server.dataDir, chance);
    return () => world.server.start();
  },
};

const returns = ['over', 'fresh', 'database alone'] as const;

export const restored: Scenario = {
  name: 'restored',
  what: 'the log is put back from an older copy',
  async strike(world, chance) {
    const { server } = world;
    const { dataDir } = server;
    const copy = `${dataDir}.copy`;
    await server.kill();
    fs.cpSync(dataDir, copy, { recursive: true });
    await server.start();
    await sleep(chance.between(300, 900));
    await server.kill();
    world.readDisk();
    const kind = chance.pick(returns);
    world.fault(`restored: ${kind}`);
    if (kind === 'fresh') fs.rmSync(dataDir, { recursive: true });
    // The WAL of today has nothing to do with the database of yesterday.
    fs.rmSync(join(dataDir, `${database}-wal`), { force: true });
    fs.cpSync(copy, dataDir, {
      recursive: true,
      filter: (from) => kind !== 'database alone' || from === copy || /thrum\.db(-wal)?$/.test(from),
    });
    fs.rmSync(copy, { recursive: true });
    return () => server.start();
  },
};

export const powerLoss: Scenario = {
  name: 'power-loss',
  what: 'the machine loses power: only what was synced survives, or that and some of the rest',
  shim: true,
  every: 5,
  async strike(world, chance, round) {
    await losePower(world, chance, round);
    if (chance.chance(0.3)) {
      // Again, while it is still about its recovery.
      await world.server.start();
      await sleep(chance.between(0, 200));
      await losePower(world, chance, round + 1);
    }
    return () => world.server.start();
  },
};

async function losePower(world: World, chance: Random, round: number): Promise<void> {
  await world.server.kill();
  const survival = round % 2 === 0 ? 'none' : 'some';
  const { lostBytes } = world.disk.losePower(survival, chance);
  world.fault(`power-loss, of the unsynced ${survival} survived`, `${lostBytes} bytes lost`);
}

export const diskFull: Scenario = {
  name: 'disk-full',
  what: 'no space left: publishers are told, reads and live delivery go on, and it heals without a restart',
  shim: true,
  async strike(world, chance, round) {
    const kind = round % 2 === 0 ? 'every' : 'growth';
    world.fault(`disk-full: ${kind}`);
    world.disk.fill(kind);
    world.expect(`a publisher is told while ${kind} write fails`, await isRefused(world));
    const page = await world.reader.page(chance, world.reader.channel);
    world.expect('history can be read while the disk is full', page?.['type'] === 'result');
    world.expect('live delivery goes on while the disk is full', await isDelivered(world));
    await sleep(chance.between(0, 500));
    return () => world.disk.fill('no');
  },
};

/** Publishes until one is refused: a file may have room left inside it. */
async function isRefused(world: World): Promise<boolean> {
  const until = performance.now() + 5000;
  while (performance.now() < until) {
    const answer = await world.reader.publish(world.reader.channel, world.nextCall());
    if (answer?.['type'] === 'error') return answer['code'] === 'unavailable' && answer['retry'] === true;
  }
  return false;
}

/** What needs no disk arrives. */
async function isDelivered(world: World): Promise<boolean> {
  const v = world.reader.send('ephemeral:a', world.nextCall());
  const until = performance.now() + 3000;
  const arrived = (): boolean => world.paper.lines.some((line) => line.k === 'recv' && line.v === v);
  while (performance.now() < until && !arrived()) await sleep(20);
  return arrived();
}
