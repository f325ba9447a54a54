import { ThrumError } from '@thrum/core';
import { createLocalJWKSet, errors, type CryptoKey, type JWTHeaderParameters } from 'jose';

export interface JwksOptions {
  /** Milliseconds for one request. Default 5000. */
  readonly timeout?: number;
  /** Milliseconds between two requests, successful or not, that tokens can cause. Default 30000. */
  readonly cooldown?: number;
  /** Milliseconds after which keys are fetched again. Default 600000. */
  readonly maxAge?: number;
  /** Milliseconds for which old keys go on working when the set cannot be fetched. Default 86400000. */
  readonly maxStale?: number;
}

/** Finds keys in the set behind one configured URL. */
export interface Jwks {
  /** The keys that fit a header, at most a few. Rejects with `unavailable` when the set was never or long not read. */
  find(header: JWTHeaderParameters): Promise<readonly CryptoKey[]>;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

const maxBytes = 256 * 1024;
// One set may hold several keys without kid; a token must not make us try hundreds.
const maxCandidates = 8;
// After a failure the next try may come sooner: nobody can sign in meanwhile.
const failedCooldown = 5000;

/**
 * Keys from a URL. Only this URL is ever asked, and an unknown `kid` causes at most one request per cooldown, so that
 * made-up tokens cannot turn this server into a load generator against its identity provider; unlike jose's own remote
 * set that holds while the provider is failing too.
 * @throws TypeError for a URL that is not https outside this machine.
 */
export function createJwks(
  location: string | URL,
  options: JwksOptions = {},
  now: () => number = Date.now,
): Jwks {
  const problem = jwksUrlProblem(location);
  if (problem !== undefined) throw new TypeError(`jwksUrl: ${problem}`);
  const url = new URL(location);
  const { timeout = 5000, cooldown = 30_000, maxAge = 600_000, maxStale = 86_400_000 } = options;
  let set: KeySet | undefined;
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    triedAt = now();
    const loaded = createLocalJWKSet(await fetchSet(url, timeout));
    set = loaded;
    fetchedAt = now();
  };
  const reload = async (): Promise<void> => {
    const since = now() - triedAt;
    const wait = fetchedAt >= triedAt ? cooldown : Math.min(cooldown, failedCooldown);
    // A clock that was set back must not keep the cooldown running for years.
    if (pending === undefined && since >= 0 && since < wait) return;
    pending ??= load().finally(() => {
      pending = undefined;
    });
    // Whoever asks goes on with the keys there are; `find` decides whether they are good enough.
    await pending.catch(() => undefined);
  };
  const usable = (): KeySet => {
    if (set !== undefined && now() - fetchedAt <= maxStale) return set;
    throw new ThrumError('unavailable', 'The keys for checking tokens cannot be fetched');
  };

  return {
    async find(header) {
      if (set === undefined || now() - fetchedAt > maxAge) await reload();
      const found = await candidates(usable(), header);
      if (found.length > 0) return found;
      await reload();
      return candidates(usable(), header);
    },
  };
}

/** What is wrong with the URL of a key set: keys that came over plain http are anybody's. */
export function jwksUrlProblem(location: string | URL): string | undefined {
  const url = URL.parse(String(location));
  if (url === null) return 'expected an https URL';
  if (url.username !== '' || url.password !== '') return 'expected a URL without user and password';
  if (url.protocol === 'https:') return undefined;
  const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && local) return undefined;
  return `expected an https URL, got ${url.protocol}//${url.host}: http is for loopback addresses only`;
}

async function candidates(set: KeySet, header: JWTHeaderParameters): Promise<readonly CryptoKey[]> {
  try {
    return [await set(header)];
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return [];
    const found: CryptoKey[] = [];
    for await (const key of error) {
      found.push(key);
      if (found.length === maxCandidates) break;
    }
    return found;
  }
}

async function fetchSet(url: URL, timeout: number): Promise<Parameters<typeof createLocalJWKSet>[0]> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // A redirect would be a second, unconfigured URL.
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Error(`the key set is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (response.status !== 200) throw new Error(`the key set was answered with ${response.status}`);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Parameters<typeof createLocalJWKSet>[0];
}
