import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Peer } from './peers.ts';

/** Programs that Thrum does not bring along, where they are. */
export interface Executables {
  readonly bun: string | undefined;
  readonly nginx: string | undefined;
  readonly nchanModule: string | undefined;
  readonly natsServer: string | undefined;
  readonly floor: string | undefined;
}

/** Which one a peer needs, and how to get it. */
const needs: Readonly<
  Partial<Record<Peer['name'], { readonly of: readonly (keyof Executables)[]; readonly how: string }>>
> = {
  bun: {
    of: ['bun'],
    how: 'npm install --prefix /tmp/bun @oven/bun-linux-x64@1.4.5, and --bun /tmp/bun/node_modules/@oven/bun-linux-x64/bin/bun',
  },
  nchan: { of: ['nginx', 'nchanModule'], how: 'apt-get install nginx libnginx-mod-nchan' },
  nats: { of: ['natsServer'], how: 'apt-get install nats-server' },
  floor: { of: ['floor'], how: 'a program that is given with --floor (see bench/README.md)' },
};

/** Where Debian keeps servers, which is not on everybody's path. */
const systemFolders = ['/usr/sbin', '/usr/local/sbin'];

/** @param given By options, and taken as they are. */
export function findExecutables(given: {
  readonly bun: string | undefined;
  readonly floor: string | undefined;
}): Executables {
  return {
    bun: given.bun ?? onPath('bun'),
    nginx: onPath('nginx'),
    nchanModule: ['/usr/lib/nginx/modules/ngx_nchan_module.so'].find((file) => existsSync(file)),
    natsServer: onPath('nats-server'),
    floor: given.floor,
  };
}

/** Why a peer cannot be measured here, in one line; undefined where it can. */
export function missing({ name }: Peer, executables: Executables): string | undefined {
  const need = needs[name];
  if (need === undefined || need.of.every((executable) => executables[executable] !== undefined))
    return undefined;
  return `${name}: not installed: ${need.how}`;
}

/** What a program says about its version. */
export function versionOf(executable: string, flag: string): string {
  const { stdout, stderr } = spawnSync(executable, [flag], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? 'of unknown version';
}

function onPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}
