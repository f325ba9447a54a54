import type { Appended } from './faulty-broker.ts';
import type { Frame, TestClient } from './client.ts';

export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

export interface Recovery {
  readonly since: Position;
  readonly recovered: boolean;
}

/**
 * Reads what one connection was sent and objects to everything that PROTOCOL.md §6 forbids: a hole, a duplicate, another
 * log's publication, one that was never sent, one outside a subscription, `recovered:true` for another position.
 */
export class StreamChecker {
  readonly problems: string[] = [];
  /** Where the stream stands, while the connection is subscribed. */
  position: Position | undefined;
  private readonly recoveries: Recovery[];
  private readonly client: TestClient;
  private readonly log: readonly Appended[];
  private readonly asked = new Map<unknown, Position | undefined>();
  private readonly seen: { readonly epoch: unknown; readonly offset: unknown; readonly data: unknown }[] = [];
  private read = 0;

  /** `recoveries` is told of every answer to a frame that asked for a position. */
  constructor(client: TestClient, log: readonly Appended[], recoveries: Recovery[]) {
    this.client = client;
    this.log = log;
    this.recoveries = recoveries;
  }

  subscribe(id: string, since: Position | undefined): void {
    this.asked.set(id, since);
    this.client.send({ type: 'subscribe', channel: 'a', id, ...(since && { since }) });
  }

  /** Looks at what has come since the last time. */
  check(): void {
    for (const frame of this.client.frames.slice(this.read)) this.next(frame);
    this.read = this.client.frames.length;
  }

  /** Compares what came with what the log held, once it is known. */
  compare(): void {
    for (const { epoch, offset, data } of this.seen) {
      const appended = this.log.find((each) => each.epoch === epoch && each.offset === offset);
      if (appended !== undefined && JSON.stringify(appended.draft.data) === JSON.stringify(data)) continue;
      this.object(`${String(offset)} is not what was published there`);
    }
  }

  private next(frame: Frame): void {
    if (frame.type === 'subscribed') this.began(frame);
    else if (frame.type === 'unsubscribed') this.position = undefined;
    else if (frame['timestamp'] !== undefined) this.published(frame);
  }

  private began({ id, position, recovered }: Frame): void {
    this.position = position as Position;
    const since = this.asked.get(id);
    if (id === undefined && recovered !== false) this.object('an unasked-for subscribed that recovered');
    if (since === undefined) {
      if (recovered !== false) this.object('recovered without since');
      return;
    }
    this.recoveries.push({ since, recovered: recovered === true });
    if (
      recovered === true &&
      (since.epoch !== this.position.epoch || since.offset !== this.position.offset)
    ) {
      this.object(`recovered from ${JSON.stringify(position)} instead of ${JSON.stringify(since)}`);
    }
  }

  private published({ epoch, offset, data }: Frame): void {
    if (this.position === undefined) {
      this.object(`publication ${String(offset)} outside a subscription`);
      return;
    }
    if (epoch !== this.position.epoch || offset !== this.position.offset + 1) {
      this.object(`${String(epoch)}:${String(offset)} after ${this.position.epoch}:${this.position.offset}`);
    }
    this.seen.push({ epoch, offset, data });
    this.position = { epoch: epoch as string, offset: offset as number };
  }

  private object(problem: string): void {
    this.problems.push(problem);
  }
}
