import type { Limits } from '@thrum/protocol';

/** A connection as the heartbeat sees it. */
export interface Beating {
  /** The tick in which the last byte came. */
  seenTick: number;
  /** The tick in which to ping next. */
  pingTick: number;
  /** A message that has begun and not ended, and when it began. */
  readonly unfinished: { readonly since: number } | undefined;
  beat(): void;
  giveUp(): void;
}

const longestTickMs = 1000;
const shortestTickMs = 5;

/** A connection whose end has begun. */
interface Ending {
  /** Cuts it. */
  terminate(): void;
}

/** How long a peer may take to answer a close frame and to end its side. */
const closeSeconds = 3;

/**
 * One timer for all connections: pings, silence, unfinished messages and ends are looked at once a tick, a fifth of the
 * shortest of these times and at most a second. Time is counted in ticks, so a connection keeps small whole numbers, and
 * a process that was stopped for a minute does not take its own absence for the silence of everybody else.
 */
export class Heartbeat<Connection extends Beating = Beating> {
  /** Ticks since the start. */
  tick = 0;
  readonly connections: Set<Connection> = new Set();
  private readonly unfinished = new Set<Connection>();
  /** Connections that are to be gone, and since when. */
  private readonly endings = new Map<Connection & Ending, number>();
  private readonly pingTicks: number;
  private readonly deadTicks: number;
  private readonly frameTicks: number;
  private readonly closeTicks: number;
  private readonly tickMs: number;
  private readonly timer: NodeJS.Timeout;
  private onEmpty: (() => void) | undefined;

  constructor(limits: Pick<Limits, 'pingSeconds' | 'deadSeconds' | 'frameSeconds'>) {
    const { pingSeconds, deadSeconds, frameSeconds } = limits;
    if (deadSeconds <= pingSeconds) {
      throw new RangeError(
        `deadSeconds: expected more than pingSeconds (${pingSeconds}), got ${deadSeconds}`,
      );
    }
    const shortest = Math.min(pingSeconds, deadSeconds - pingSeconds, frameSeconds) * 1000;
    this.tickMs = Math.min(Math.max(shortest / 5, shortestTickMs), longestTickMs);
    this.pingTicks = this.ticks(pingSeconds);
    this.deadTicks = this.ticks(deadSeconds);
    this.frameTicks = this.ticks(frameSeconds);
    this.closeTicks = this.ticks(closeSeconds);
    this.timer = setInterval(() => this.sweep(), this.tickMs).unref();
  }

  /** So many ticks are at least so long. */
  ticks(seconds: number): number {
    return Math.ceil((seconds * 1000) / this.tickMs);
  }

  add(connection: Connection): void {
    connection.seenTick = this.tick;
    // The first ping comes anywhere in the second half of the interval, or all who reconnected together would be pinged
    // together ever after.
    connection.pingTick = this.tick + Math.ceil(this.pingTicks * (0.5 + Math.random() / 2));
    this.connections.add(connection);
  }

  delete(connection: Connection): void {
    this.connections.delete(connection);
    this.unfinished.delete(connection);
    this.endings.delete(connection as Connection & Ending);
    if (this.connections.size === 0) this.onEmpty?.();
  }

  /** Resolves when no connection is left. */
  empty(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.onEmpty = resolve;
    });
  }

  /** A message began and its end has not come. */
  began(connection: Connection): void {
    this.unfinished.add(connection);
  }

  finished(connection: Connection): void {
    this.unfinished.delete(connection);
  }

  /** Its end has begun: it is cut if it takes too long. */
  ends(connection: Connection & Ending): void {
    if (!this.endings.has(connection)) this.endings.set(connection, this.tick);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sweep(): void {
    this.tick += 1;
    for (const connection of this.unfinished) {
      const { unfinished } = connection;
      if (unfinished !== undefined && this.tick - unfinished.since > this.frameTicks) connection.giveUp();
    }
    for (const [connection, since] of this.endings) {
      if (this.tick - since > this.closeTicks) connection.terminate();
    }
    for (const connection of this.connections) {
      // More than, because a byte that came late in a tick counts as if it had come early.
      if (this.tick - connection.seenTick > this.deadTicks) connection.giveUp();
      else if (this.tick >= connection.pingTick) {
        connection.pingTick = this.tick + this.pingTicks;
        connection.beat();
      }
    }
  }
}
