import { type Auth, type Authorize, type AuthorizeRequest, type Identity, ThrumError } from '@thrum/core';
import { userIdProblem } from '../auth/user-id.ts';
import { Backend, type BackendParts } from './backend.ts';
import type { WebhookQuestion, WebhookUser } from './payloads.ts';
import { claimsKey, Verdicts } from './verdicts.ts';
import { isRecord, kindOf } from '../values.ts';

/** `allow`, and for how many milliseconds that holds. */
interface Verdict {
  readonly allow: boolean;
  readonly ms: number;
}

type Backends = Readonly<Partial<Record<WebhookQuestion, Backend>>>;

/**
 * How much of the time that a client has to authenticate a backend may use: the rest is for telling the client to try
 * again, which it would not after `Authentication timeout`.
 */
const connectShare = 0.9;

/** What a backend is asked, as the core's ports want it. */
export class Questions {
  private readonly backends: Backends;
  private readonly verdicts: Verdicts;
  private readonly timeout: number;

  constructor(parts: BackendParts) {
    const { env, settings } = parts;
    // Questions that share an address share its bounds.
    const byUrl = new Map<string, Backend>();
    const entries = Object.entries(settings.questions).map(([question, url]) => {
      const backend = byUrl.get(url.href) ?? new Backend(url, parts);
      byUrl.set(url.href, backend);
      return [question, backend] as const;
    });
    this.backends = Object.fromEntries(entries) as Backends;
    this.timeout = settings.timeoutSeconds * 1000;
    this.verdicts = new Verdicts({
      env,
      entries: settings.cacheEntries,
      longest: settings.cacheSeconds * 1000,
    });
  }

  /**
   * `base` with what the backend decides: who somebody is, in place of `base`, and whether a session is still good, besides
   * it. @param authSeconds is what a client has to authenticate.
   */
  auth(base: Auth | undefined, authSeconds: number): Auth | undefined {
    const { connect, validate } = this.backends;
    const ms = Math.min(this.timeout, authSeconds * 1000 * connectShare);
    const { anonymous = false } = base ?? {};
    const auth =
      connect === undefined
        ? base
        : { anonymous, authenticate: (token: string) => authenticate(connect, token, ms) };
    if (validate === undefined || auth === undefined) return auth;
    return {
      anonymous,
      authenticate: (token) => auth.authenticate(token),
      validate: async (identity) =>
        (await auth.validate?.(identity)) !== false && askWhetherValid(validate, identity),
    };
  }

  /** Absent where no channel is the backend's business. */
  authorize(): Authorize | undefined {
    const { subscribe, publish } = this.backends;
    if (subscribe === undefined && publish === undefined) return undefined;
    return (request) => this.allows(request);
  }

  close(): void {
    for (const backend of Object.values(this.backends)) backend.close();
  }

  private async allows(request: AuthorizeRequest): Promise<boolean> {
    const { action, channel, event, params } = request;
    const user = describe(request.user);
    const key = JSON.stringify([action, channel, event, user.id, claimsKey(user.claims)]);
    if (action === 'publish') {
      const { publish } = this.backends;
      const data = { user, channel, params, event: event ?? 'message' };
      return publish === undefined || this.remember(key, () => publish.ask('publish', data, readVerdict));
    }
    const { subscribe } = this.backends;
    const data = { action, user, channel, params };
    return subscribe === undefined || this.remember(key, () => subscribe.ask('subscribe', data, readVerdict));
  }

  private async remember(key: string, ask: () => Promise<Verdict>): Promise<boolean> {
    const known = this.verdicts.get(key);
    if (known !== undefined) return known;
    try {
      const { allow, ms } = await ask();
      this.verdicts.put(key, allow, ms);
      return allow;
    } catch {
      // Logged where it happened. No answer is none that allows.
      return false;
    }
  }
}

/** Throws when there is no answer, which keeps the session (the law of the port). */
async function askWhetherValid(backend: Backend, identity: Identity): Promise<boolean> {
  const { userId: id, anonymous = false, claims = {} } = identity;
  const { allow } = await backend.ask('validate', { user: { id, anonymous, claims } }, readVerdict);
  return allow;
}

async function authenticate(backend: Backend, token: string, ms: number): Promise<Identity> {
  const identity = await backend.ask('connect', { token }, readIdentity, ms).catch((error: unknown) => {
    throw new ThrumError('unavailable', undefined, { cause: error });
  });
  if (identity === undefined) throw new Error('the connect webhook refused it');
  return identity;
}

function describe({ id, anonymous, claims }: WebhookUser): WebhookUser {
  return { id, anonymous, claims };
}

function readVerdict(answer: unknown): Verdict {
  const { allow, ttl = 0 } = fieldsOf(answer);
  if (typeof allow !== 'boolean') throw expected('allow', 'true or false', allow);
  if (typeof ttl !== 'number' || !(ttl >= 0)) throw expected('ttl', 'seconds, 0 or more', ttl);
  return { allow, ms: ttl * 1000 };
}

/** `undefined` for nobody who may come in. */
function readIdentity(answer: unknown): Identity | undefined {
  const { allow, claims, expiresAt, userId } = fieldsOf(answer);
  if (typeof allow !== 'boolean') throw expected('allow', 'true or false', allow);
  if (!allow) return undefined;
  const id = Number.isSafeInteger(userId) ? String(userId) : userId;
  if (typeof id !== 'string' || userIdProblem(id) !== undefined) {
    throw expected('userId', 'a text of 1 to 255 printable characters', userId);
  }
  if (claims !== undefined && !isRecord(claims)) throw expected('claims', 'an object', claims);
  // Whoever writes seconds here would find all their users' sessions over since 1970.
  if (expiresAt !== undefined && !(typeof expiresAt === 'number' && expiresAt > 1e11)) {
    throw expected('expiresAt', 'milliseconds since 1970', expiresAt);
  }
  return {
    userId: id,
    ...(claims === undefined ? {} : { claims }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function fieldsOf(answer: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(answer)) throw expected('the answer', 'an object', answer);
  return answer;
}

function expected(field: string, what: string, value: unknown): Error {
  return new Error(`${field}: expected ${what}, got ${value === undefined ? 'none' : kindOf(value)}`);
}
