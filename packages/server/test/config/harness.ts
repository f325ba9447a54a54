import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Loaded, loadConfig } from '../../src/config/load.ts';

/** A folder to configure a server in; gone when it goes out of scope. */
export class Folder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(files: Readonly<Record<string, string>> = {}): Promise<Folder> {
    const folder = new Folder(await mkdtemp(join(tmpdir(), 'thrum-config-')));
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    return folder;
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  load(env: NodeJS.ProcessEnv = {}, flags: Readonly<Record<string, unknown>> = {}): Promise<Loaded> {
    return loadConfig({ env, flags, cwd: this.path });
  }

  /** The problems as lines. */
  async problems(
    env: NodeJS.ProcessEnv = {},
    flags: Readonly<Record<string, unknown>> = {},
  ): Promise<readonly string[]> {
    const { problems } = await this.load(env, flags);
    return problems.map(({ place, message }) => `${place}: ${message}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }
}

export const longSecret = 'a secret of production that is long enough';

/** A production configuration that lacks nothing. */
export const production: NodeJS.ProcessEnv = {
  NODE_ENV: 'production',
  THRUM_JWT_SECRET: longSecret,
  THRUM_ORIGINS: 'https://example.com',
};
export const channelsFile = 'export const channels = { "chat:{room}": { presence: true } };';
