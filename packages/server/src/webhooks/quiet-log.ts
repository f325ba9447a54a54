import type { Env, Log, LogFields } from '@thrum/core';

const everyMs = 10_000;

/** Warnings that could come a thousand times a second, each kind at most once in ten seconds and with how many it stands for. */
export class QuietLog {
  private readonly log: Log;
  private readonly env: Pick<Env, 'monotonic'>;
  private readonly kinds = new Map<string, { at: number; unsaid: number }>();

  constructor(log: Log, env: Pick<Env, 'monotonic'>) {
    this.log = log;
    this.env = env;
  }

  /** `message` is one of a closed list: it is what tells kinds apart. */
  warn(message: string, fields: LogFields, error?: unknown): void {
    const now = this.env.monotonic();
    const kind = this.kinds.get(message);
    if (kind !== undefined && now - kind.at < everyMs) {
      kind.unsaid += 1;
      return;
    }
    this.kinds.set(message, { at: now, unsaid: 0 });
    const unsaid = kind?.unsaid ?? 0;
    this.log.warn(message, { ...fields, ...(unsaid > 0 ? { unsaid } : {}) }, error);
  }
}
