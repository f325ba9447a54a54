import { type Broker, type Core, createCore, type Env } from '@thrum/core';
import { type Frame, MemoryClient, settle, VirtualEnv } from '@thrum/testkit';
import { expect } from 'vitest';
import { type Entry, type Model, type Place, settings } from './model.ts';

/** A broker as a node opens it, on a log that may be lost. */
export interface ModelHost {
  /** Whether a node that stops and starts again finds its log. */
  readonly keeps: boolean;
  /** Milliseconds after which what has not come will not. */
  readonly patience: number;
  open(env: Env): Broker;
  /** Lets as much time pass for the log as has passed in `env`, where it has a clock of its own. */
  age?(ms: number): Promise<void>;
  /** Called while nothing is open. */
  lose(): void;
  dispose(): void;
}

const nothing = (): void => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A node, its clients, and what they have been sent. Time is virtual; threads and files, where there are any, are real. */
export class Real {
  readonly env: VirtualEnv = new VirtualEnv();
  readonly host: ModelHost;
  readonly denied: Set<string> = new Set();
  core!: Core;
  private broker!: Broker;
  private readonly clients: (MemoryClient | undefined)[] = [];
  private readonly read: number[] = [];
  /** The name of each life of the log. */
  private readonly epochs: string[] = [];

  constructor(host: ModelHost) {
    this.host = host;
    this.start();
  }

  start(): void {
    this.broker = this.host.open(this.env);
    this.core = createCore({
      env: this.env,
      log,
      broker: this.broker,
      auth: { authenticate: (token) => ({ userId: token }) },
      channels: {
        a: {
          history: { size: settings.size, ttl: settings.ttl },
          authorize: ({ user }) => !this.denied.has(user.id),
        },
      },
      limits: { historyPage: settings.page, rate: 10_000 },
    });
  }

  async stop(): Promise<void> {
    await this.core.close();
    await this.broker.close();
    this.clients.fill(undefined);
  }

  connect(who: number): void {
    this.drop(who);
    const authentication = { ok: true as const, identity: { userId: `u${who}` } };
    this.clients[who] = new MemoryClient(this.core, { authentication });
    this.read[who] = 0;
  }

  drop(who: number): void {
    this.clients[who]?.drop();
    this.clients[who] = undefined;
  }

  send(who: number, frame: object): void {
    this.clients[who]?.send({ channel: 'a', ...frame });
  }

  position({ life, offset }: Place): { readonly epoch: unknown; readonly offset: number } {
    return { epoch: this.epochs[life] ?? expect.any(String), offset };
  }

  publication({ body, from, id, ...place }: Entry): object {
    const optional = { ...(id === undefined ? {} : { id }), ...(from === undefined ? {} : { from }) };
    const timestamp = expect.any(Number);
    return { type: 'message', channel: 'a', data: body, ...this.position(place), ...optional, timestamp };
  }

  /** Waits for these frames, and compares: these came, and nothing else did. */
  async gets(expected: ReadonlyMap<number, readonly object[]>): Promise<void> {
    const end = performance.now() + this.host.patience;
    const news = (): Frame[][] =>
      this.clients.map((client, who) => client?.frames.slice(this.read[who]) ?? []);
    const hasCome = (): boolean =>
      news().every((frames, who) => frames.length >= (expected.get(who)?.length ?? 0));
    while (!hasCome() && performance.now() < end) await settle();
    expect(news().map(apart)).toEqual(this.clients.map((_, who) => apart(expected.get(who) ?? [])));
    for (const [who, client] of this.clients.entries()) this.read[who] = client?.frames.length ?? 0;
  }

  /** Whether the log is what the model says, under one name for each of its lives. */
  async compare(model: Model): Promise<void> {
    const { publications, position } = await this.core.history('a', { reverse: true });
    const epoch = position?.epoch ?? '';
    if (this.epochs[model.life] === undefined) expect(this.epochs).not.toContain(epoch);
    this.epochs[model.life] ??= epoch;
    expect(position).toEqual(this.position(model.place));
    const newest = model.kept.slice(-settings.page).toReversed();
    expect(publications.map(({ offset, data, from, id }) => [offset, data, from, id])).toEqual(
      newest.map(({ offset, body, from, id }) => [offset, body, from, id]),
    );
  }
}

/** Answers and publications keep their own order; which of the two comes first, nobody promises. */
function apart(frames: readonly object[]): readonly object[] {
  const isPublication = (frame: object): boolean => 'timestamp' in frame;
  return [...frames.filter((frame) => !isPublication(frame)), ...frames.filter(isPublication)];
}
