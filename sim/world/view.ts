import type {
  Broker,
  Deliver,
  Draft,
  LogPage,
  MaybePromise,
  Publication,
  PublishOptions,
  PublishOutcome,
  ReadOptions,
} from './types.ts';
import type { Part } from '../clock.ts';
import type { Random } from '../random.ts';
import type { SimLog } from './log.ts';
import { Pipe } from './pipe.ts';
import type { Stage } from './stage.ts';

/** How likely each kind of trouble is, each time. */
export interface Trouble {
  publishFails: number;
  /** It is appended, and the answer is an error. */
  publishUnknown: number;
  readFails: number;
  subscribeFails: number;
  notificationLost: number;
  notificationTwice: number;
}

export const noTrouble: Readonly<Trouble> = {
  publishFails: 0,
  publishUnknown: 0,
  readFails: 0,
  subscribeFails: 0,
  notificationLost: 0,
  notificationTwice: 0,
};

/**
 * The log as one node sees it. With a latency there is a network between: requests in order, answers in order,
 * notifications on a line of their own. Within the broker's laws everything may go wrong: lost and repeated
 * notifications, errors before and after the deed, long silence. Never another order.
 */
export class View implements Broker {
  readonly durable: boolean;
  readonly trouble: Trouble = { ...noTrouble };
  /** What the core was told, for a recount of its own numbers. */
  published = 0;
  duplicates = 0;
  private readonly log: SimLog;
  private readonly stage: Stage;
  private readonly chance: Random;
  private readonly lines: { readonly up: Pipe; readonly down: Pipe; readonly news: Pipe } | undefined;
  private readonly part: Part;
  private readonly stops = new Set<() => void>();

  constructor(stage: Stage, log: SimLog, part: Part, latency: number) {
    this.stage = stage;
    this.log = log;
    this.part = part;
    this.durable = log.durable;
    this.chance = stage.chance.fork(`view ${part.name}`);
    const pipe = (): Pipe => new Pipe(stage.clock, part, this.chance, latency);
    this.lines = latency === 0 ? undefined : { up: pipe(), down: pipe(), news: pipe() };
  }

  async publish(channel: string, draft: Draft, options: PublishOptions): Promise<PublishOutcome> {
    const { publishFails, publishUnknown } = this.trouble;
    const fails = this.chance.chance(publishFails);
    const unknown = this.chance.chance(publishUnknown);
    if (fails) this.met('publish-failure');
    const outcome = await this.request(() => {
      if (fails) return Promise.reject(new Error('the disk is full'));
      return this.log.publish(channel, draft, options);
    });
    if (unknown) {
      this.met('publish-unknown');
      throw new Error('no answer in time: the outcome is unknown');
    }
    if (outcome.kind === 'published') this.published += 1;
    else if (outcome.kind === 'duplicate') this.duplicates += 1;
    return outcome;
  }

  read(channel: string, options: ReadOptions): Promise<LogPage> {
    const fails = this.chance.chance(this.trouble.readFails);
    if (fails) this.met('read-failure');
    return this.request(() =>
      fails ? Promise.reject(new Error('the disk cannot be read')) : this.log.read(channel, options),
    );
  }

  subscribe(channel: string, deliver: Deliver): MaybePromise<() => void> {
    if (this.chance.chance(this.trouble.subscribeFails)) {
      this.met('subscribe-failure');
      return this.request(() => Promise.reject<() => void>(new Error('the network is down')));
    }
    let listening = true;
    const notified = (publication: Publication): void =>
      this.notified(publication, (each) => {
        if (listening && this.part.alive) deliver(each);
      });
    const begin = (): (() => void) => {
      const stop = this.log.subscribe(channel, notified);
      const end = (): void => {
        listening = false;
        this.stops.delete(end);
        stop();
      };
      this.stops.add(end);
      return end;
    };
    return this.lines === undefined ? begin() : this.request(async () => begin());
  }

  close(): void {
    for (const stop of this.stops) stop();
  }

  /** Channels this node is notified of. */
  get subscribers(): number {
    return this.stops.size;
  }

  /** Nothing gets through for a while; what was sent waits. */
  stall(): void {
    for (const line of this.all()) line.freeze();
  }

  /** Notifications alone are held up. */
  delay(): void {
    this.lines?.news.freeze();
  }

  heal(): void {
    Object.assign(this.trouble, noTrouble);
    for (const line of this.all()) line.restore();
  }

  private all(): Pipe[] {
    return this.lines === undefined ? [] : Object.values(this.lines);
  }

  private notified(publication: Publication, deliver: Deliver): void {
    const { notificationLost, notificationTwice } = this.trouble;
    if (this.chance.chance(notificationLost)) {
      this.met('notification-lost');
      return;
    }
    // Law 8: what has no place is notified at most once.
    const times = publication.offset !== undefined && this.chance.chance(notificationTwice) ? 2 : 1;
    if (times === 2) this.met('notification-twice');
    for (let time = 0; time < times; time += 1) {
      if (this.lines === undefined) deliver(publication);
      else this.lines.news.send(1, () => deliver(publication));
    }
  }

  private request<T>(run: () => Promise<T>): Promise<T> {
    const { lines } = this;
    if (lines === undefined) return run();
    return new Promise((resolve, reject) => {
      lines.up.send(1, () => {
        run().then(
          (value) => lines.down.send(1, () => resolve(value)),
          (error: unknown) =>
            lines.down.send(1, () => reject(error instanceof Error ? error : new Error(String(error)))),
        );
      });
    });
  }

  private met(fault: string): void {
    this.stage.record({ k: 'fault', fault, on: this.part.name });
  }
}
