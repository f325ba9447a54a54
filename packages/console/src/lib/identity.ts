import { friendlyName } from './random.ts';
import { Store, type Readable } from './store.ts';

export interface Identity {
  readonly name: string;
  /** Given by the server with the first token; absent as a guest. */
  readonly userId?: string;
}

/** The part of the page that an identity needs. */
export interface IdentityEnv {
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly isOnline: () => boolean;
}

const key = 'thrum.identity';
export const maxNameLength = 32;

/**
 * Who this window is. It lives in sessionStorage: a new window is a new person, while a reload, or a tab duplicated
 * with its storage, is the same one.
 */
export class IdentityStore {
  readonly #env: IdentityEnv;
  readonly #identity: Store<Identity>;

  constructor(env: IdentityEnv) {
    this.#env = env;
    this.#identity = new Store(read(env.storage) ?? { name: friendlyName() });
    this.#save();
  }

  get current(): Readable<Identity> {
    return this.#identity;
  }

  /** Takes a new name; blank ones are ignored. The user stays the same. */
  rename(name: string): void {
    const trimmed = cleanName(name);
    if (trimmed === '' || trimmed === this.#identity.get().name) return;
    this.#identity.update((identity) => ({ ...identity, name: trimmed }));
    this.#save();
  }

  /**
   * A development token for this identity, or null where the server gives none (production, or no authentication):
   * then the connection is a guest's. Asked anew each time, so that a token the server refused is never used twice.
   */
  readonly getToken = async (): Promise<string | null> => {
    // The switch cuts the page's whole network, not only its sockets.
    if (!this.#env.isOnline()) throw new Error('The playground is offline');
    const response = await this.#ask();
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`The token endpoint answered ${response.status}`);
    const { token, userId } = readAnswer(await response.json());
    if (userId !== undefined) {
      this.#identity.update((identity) => ({ ...identity, userId }));
      this.#save();
    }
    return token;
  };

  async #ask(): Promise<Response> {
    try {
      return await this.#env.fetch('playground/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.#identity.get()),
      });
    } catch {
      throw new Error('Server unreachable');
    }
  }

  #save(): void {
    try {
      this.#env.storage.setItem(key, JSON.stringify(this.#identity.get()));
    } catch {
      // Storage may be full or forbidden; the identity then lasts as long as the page.
    }
  }
}

export function cleanName(name: string): string {
  const oneLine = name.replaceAll(/\s+/g, ' ').replaceAll(/[\p{Cc}\p{Cs}]/gu, '');
  // By characters: half an emoji is no text, and the server would refuse it.
  return Array.from(oneLine.trim()).slice(0, maxNameLength).join('').trim();
}

function readAnswer(value: unknown): { readonly token: string; readonly userId: string | undefined } {
  const { token, userId } = (value ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string') throw new Error('The token endpoint sent no token');
  return { token, userId: typeof userId === 'string' ? userId : undefined };
}

function read(storage: IdentityEnv['storage']): Identity | undefined {
  try {
    const { name, userId } = JSON.parse(storage.getItem(key) ?? '') as Record<string, unknown>;
    if (typeof name !== 'string' || cleanName(name) === '') return undefined;
    return typeof userId === 'string' ? { name: cleanName(name), userId } : { name: cleanName(name) };
  } catch {
    return undefined;
  }
}
