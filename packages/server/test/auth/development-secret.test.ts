import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { developmentSecret, readDevelopmentSecret } from '../../src/auth/development-secret.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thrum-secret-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the development secret', () => {
  it('is made once and kept, for its owner only', async () => {
    const data = join(folder, 'a', 'data');
    expect(await readDevelopmentSecret(data)).toBeUndefined();
    const secret = await developmentSecret(data);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(await developmentSecret(data)).toBe(secret);
    expect((await stat(join(data, 'dev-secret'))).mode & 0o777).toBe(0o600);
    expect(await readdir(data)).toEqual(['dev-secret']);
  });

  it('is the same for everybody who asks at the same time', async () => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => developmentSecret(folder)));
    expect(new Set(secrets).size).toBe(1);
    expect(await readdir(folder)).toEqual(['dev-secret']);
  });

  it('is closed to others again when its file was open to them', async () => {
    await developmentSecret(folder);
    await chmod(join(folder, 'dev-secret'), 0o644);
    await developmentSecret(folder);
    expect((await stat(join(folder, 'dev-secret'))).mode & 0o777).toBe(0o600);
  });

  it('is never replaced when the file holds something else', async () => {
    await writeFile(join(folder, 'dev-secret'), 'short');
    await expect(developmentSecret(folder)).rejects.toThrow(
      'holds no secret (expected 43 characters of base64url)',
    );
    await expect(developmentSecret(folder)).rejects.not.toThrow('short');
  });
});
