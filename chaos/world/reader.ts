import type { Place } from '@thrum/sim/history';
import type { Random } from '@thrum/sim/random';
import type { Frame } from '@thrum/sim/wire-lines';
import { connectRaw, type RawClient } from '@thrum/testkit';
import { sleep } from '../clock.ts';
import type { Paper } from './paper.ts';
import { Tap } from './tapped-socket.ts';

const deadline = 3000;
/** Of frames whose answer somebody waits for. */
const askPrefix = 'ask-';

/**
 * A client without an SDK, straight at the server: it follows one channel on the bare wire, comes back from its last
 * position, and reads pages of history now and then.
 */
export class Reader {
  readonly channel: string;
  private readonly paper: Paper;
  private readonly url: () => string;
  private readonly user: string;
  private lives = 0;
  private values = 0;
  private over = false;
  private place: Place | undefined;
  private raw: RawClient | undefined;
  private tap: Tap | undefined;
  private running: Promise<void> | undefined;
  /** How its last connection ended. */
  lastClose = 0;

  constructor(paper: Paper, user: string, channel: string, url: () => string) {
    this.paper = paper;
    this.user = user;
    this.channel = channel;
    this.url = url;
  }

  begin(): void {
    this.running = this.live();
  }

  async leave(): Promise<void> {
    this.over = true;
    this.raw?.terminate();
    await this.running;
  }

  get isConnected(): boolean {
    return this.tap !== undefined && this.tap.conn !== '' && this.raw !== undefined;
  }

  /** Its connection, as the server names it. */
  get conn(): string {
    return this.tap?.conn ?? '';
  }

  /** Stops reading, so that the server's bytes pile up. */
  pause(): void {
    this.raw?.pause();
  }

  resume(): void {
    this.raw?.resume();
  }

  /** Says something, so that the server hears that it lives. */
  poke(): void {
    this.raw?.send({ type: 'ping' });
  }

  /** Asks and waits for the answer; undefined when there is none in time. */
  async ask(frame: { readonly type: string } & Frame): Promise<Frame | undefined> {
    const { raw, tap } = this;
    if (raw === undefined || tap === undefined) return undefined;
    const id = `${askPrefix}${this.user}-${Math.round(this.paper.moment * 1000)}`;
    const asked = { id, ...frame };
    tap.toServer(asked);
    const answer = raw.ask(asked, deadline);
    try {
      const got = await answer;
      tap.toClient(got);
      return got;
    } catch {
      return undefined;
    }
  }

  /** One page of a channel's history, chosen by chance. */
  async page(chance: Random, channel: string): Promise<Frame | undefined> {
    const { place } = this;
    const since =
      channel === this.channel && place !== undefined && chance.chance(0.5) ? { since: place } : {};
    return this.ask({
      type: 'history',
      channel,
      limit: chance.whole(1, 300),
      reverse: chance.chance(0.5),
      ...since,
    });
  }

  /** Publishes the next value; resolves with what answers it. */
  async publish(channel: string, call: number): Promise<Frame | undefined> {
    const v = this.next(channel, call);
    const answer = await this.ask({ type: 'message', channel, data: { v }, id: `${askPrefix}${v}!` });
    const code = answer?.['type'] === 'ack' ? undefined : String(answer?.['code'] ?? 'timeout');
    this.paper.record({
      k: 'settled',
      call,
      ok: code === undefined,
      ...(code === undefined ? {} : { code }),
    });
    return answer;
  }

  /** Publishes the next value without an id: nobody answers, and nobody remembers. Returns the value. */
  send(channel: string, call: number): string {
    const v = this.next(channel, call);
    this.raw?.send({ type: 'message', channel, data: { v } });
    return v;
  }

  private next(channel: string, call: number): string {
    this.values += 1;
    const v = `${this.user}.1#${this.values}`;
    this.paper.record({ k: 'publish', call, v, channel, from: this.user, id: `${askPrefix}${v}!` });
    return v;
  }

  private async live(): Promise<void> {
    while (!this.over) {
      try {
        await this.once();
      } catch {
        // The server is not there; it will be.
      }
      this.raw = undefined;
      if (!this.over) await sleep(100);
    }
  }

  private async once(): Promise<void> {
    this.lives += 1;
    const tap = new Tap(this.paper, { c: `${this.user}.${this.lives}`, user: this.user });
    const raw = await connectRaw(`${this.url()}?token=${this.user}`);
    this.raw = raw;
    this.tap = tap;
    try {
      tap.toClient(await raw.next('welcome', deadline));
      const subscribe = {
        type: 'subscribe',
        channel: this.channel,
        id: 1,
        ...(this.place === undefined ? {} : { since: this.place }),
      };
      tap.toServer(subscribe);
      raw.send(subscribe);
      for (;;) {
        // Answers to `ask` are taken by who asked.
        const frame = await raw.frames.next(
          (each) => each['timestamp'] !== undefined || !String(each['id']).startsWith(askPrefix),
          () => 'a frame',
          60_000,
        );
        this.followed(frame);
        tap.toClient(frame);
      }
    } finally {
      raw.terminate();
      const { code } = await raw.closed();
      this.lastClose = code;
      tap.closed(code);
    }
  }

  private followed(frame: Frame): void {
    const { epoch, offset } = frame;
    if (frame['type'] === 'subscribed') this.place = (frame['position'] as Place | undefined) ?? this.place;
    else if (typeof epoch === 'string' && frame['channel'] === this.channel)
      this.place = { epoch, offset: Number(offset) };
  }
}
