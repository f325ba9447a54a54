/** How the nodes under test are configured, and so the model. */
export const settings = { size: 6, ttl: 60_000, keyTtl: 300_000, page: 5, clients: 3 } as const;

/** A position, with the lives of the log counted instead of named. */
export interface Place {
  readonly life: number;
  readonly offset: number;
}

export interface Entry extends Place {
  readonly body: number;
  readonly id: string | undefined;
  readonly from: string | undefined;
  readonly expires: number;
}

export type Outcome =
  | { readonly kind: 'published' | 'duplicate'; readonly place: Place }
  | { readonly kind: 'conflict' };

/** What PROTOCOL.md §2 and §6 promise of one channel, in as few words as there are. */
export class Model {
  now = 0;
  life = 0;
  top = 0;
  private entries: Entry[] = [];
  private keys = new Map<string, { readonly entry: Entry; readonly expires: number }>();
  readonly denied: Set<string> = new Set();

  publish(from: string | undefined, id: string | undefined, body: number): Outcome {
    const key = this.keys.get(`${from} ${id}`);
    if (id !== undefined && key !== undefined && key.expires > this.now)
      return key.entry.body === body
        ? { kind: 'duplicate', place: placeOf(key.entry) }
        : { kind: 'conflict' };
    this.top += 1;
    const entry = { ...this.place, body, id, from, expires: this.now + settings.ttl };
    this.entries.push(entry);
    this.keys.set(`${from} ${id}`, { entry, expires: this.now + settings.keyTtl });
    return { kind: 'published', place: this.place };
  }

  get place(): Place {
    return { life: this.life, offset: this.top };
  }

  get kept(): readonly Entry[] {
    return this.entries.slice(-settings.size).filter(({ expires }) => expires > this.now);
  }

  /** All that was missed since, or undefined when it cannot be had whole. */
  missedSince({ life, offset }: Place): readonly Entry[] | undefined {
    const missed = this.kept.filter((entry) => entry.offset > offset);
    const whole = life === this.life && offset + missed.length === this.top;
    return whole && missed.length <= settings.page ? missed : undefined;
  }

  /** The log is gone, and all that was known of ids with it. */
  lose(): void {
    this.life += 1;
    this.top = 0;
    this.entries = [];
    this.keys.clear();
  }
}

function placeOf({ life, offset }: Entry): Place {
  return { life, offset };
}
