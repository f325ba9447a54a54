import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

function developmentSecretPath(dataDir: string): string {
  return join(dataDir, 'dev-secret');
}

/**
 * The secret of a development server: made once, readable by its owner only, and kept, so that tokens outlive a restart.
 * @throws Error when the file is there but holds no secret, or cannot be written.
 */
export async function developmentSecret(dataDir: string): Promise<string> {
  const found = await readDevelopmentSecret(dataDir);
  if (found !== undefined) return found;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const path = developmentSecretPath(dataDir);
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('base64url')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a link fails where another process was first: everyone goes on with that one's secret.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  const made = await readDevelopmentSecret(dataDir);
  if (made === undefined) throw new Error(`${path} vanished while it was written`);
  return made;
}

/** The development secret that is there, or undefined. */
export async function readDevelopmentSecret(dataDir: string): Promise<string | undefined> {
  const path = developmentSecretPath(dataDir);
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!/^[\w-]{43}$/.test(text)) {
    throw new Error(
      `${path} holds no secret (expected 43 characters of base64url): delete it to get a new one`,
    );
  }
  // A copy or a restore may have widened it.
  await chmod(path, 0o600).catch(() => undefined);
  return text;
}
