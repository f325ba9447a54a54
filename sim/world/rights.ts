import type { Stage } from './stage.ts';

/** Who may do anything in the guarded channels; everybody may in the others. */
export class Rights {
  private readonly allowed = new Set<string>();
  private readonly stage: Stage;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  allows(user: string, channel: string): boolean {
    return this.allowed.has(`${user} ${channel}`);
  }

  grant(user: string, channel: string): void {
    this.allowed.add(`${user} ${channel}`);
    this.stage.record({ k: 'grant', user, channel });
  }

  revoke(user: string, channel: string): void {
    this.allowed.delete(`${user} ${channel}`);
    this.stage.record({ k: 'revoke', user, channel });
  }
}
