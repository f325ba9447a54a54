import type { Cancel, Env } from '../ports/env.ts';
import type { PutOptions, Store, StoreRecord } from '../ports/store.ts';

interface Entry {
  /** The value as text: what is given out is a copy, and what was put cannot be changed any more. */
  readonly text: string;
  readonly version: number;
  /** Monotonic. */
  readonly expires: number;
}

const sweepEvery = 30_000;

/** The reference store: one process, nothing on disk. What it holds is gone with it. */
export function createMemoryStore(env: Pick<Env, 'monotonic' | 'timer'>): Store {
  return new MemoryStore(env);
}

class MemoryStore implements Store {
  readonly durable = false;
  private readonly namespaces = new Map<string, Map<string, Entry>>();
  private readonly env: Pick<Env, 'monotonic' | 'timer'>;
  /** One count for all records, so that a version never comes back after a delete. */
  private version = 0;
  private sweeping: Cancel | undefined;
  private closed = false;

  constructor(env: Pick<Env, 'monotonic' | 'timer'>) {
    this.env = env;
  }

  async get(namespace: string, key: string): Promise<StoreRecord | undefined> {
    const entry = this.find(namespace, key);
    return entry && { value: JSON.parse(entry.text) as unknown, version: entry.version };
  }

  async put(
    namespace: string,
    key: string,
    value: unknown,
    { ttl, expect }: PutOptions = {},
  ): Promise<number | undefined> {
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) throw new TypeError(`expected a JSON value, got ${typeof value}`);
    const entry = this.find(namespace, key);
    if (expect !== undefined && expect !== (entry?.version ?? 'absent')) return undefined;
    this.version += 1;
    let records = this.namespaces.get(namespace);
    if (records === undefined) this.namespaces.set(namespace, (records = new Map()));
    const expires = ttl === undefined ? Infinity : this.env.monotonic() + ttl;
    records.set(key, { text, version: this.version, expires });
    if (ttl !== undefined) this.sweeping ??= this.env.timer(sweepEvery, () => this.sweep());
    return this.version;
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    const found = this.find(namespace, key) !== undefined;
    this.namespaces.get(namespace)?.delete(key);
    return found;
  }

  close(): void {
    this.closed = true;
    this.sweeping?.();
    this.sweeping = undefined;
    this.namespaces.clear();
  }

  private find(namespace: string, key: string): Entry | undefined {
    if (this.closed) throw new Error('the store is closed');
    const entry = this.namespaces.get(namespace)?.get(key);
    return entry !== undefined && entry.expires > this.env.monotonic() ? entry : undefined;
  }

  /** Frees what has expired and nobody asked for. */
  private sweep(): void {
    const now = this.env.monotonic();
    let left = false;
    for (const [namespace, records] of this.namespaces) {
      for (const [key, { expires }] of records) {
        if (expires <= now) records.delete(key);
        else left ||= expires < Infinity;
      }
      if (records.size === 0) this.namespaces.delete(namespace);
    }
    this.sweeping = left ? this.env.timer(sweepEvery, () => this.sweep()) : undefined;
  }
}
