import type { Stage } from './stage.ts';

/** Who may do anything in the guarded channels; everybody may in the others. */
export class Rights {
  private readonly allowed = new Set<string>();
  private readonly stage: Stage;

  /** Hears of each look at a right, in the step in which it was looked at. */
  onLook: (user: string, channel: string) => void = () => undefined;

  constructor(stage: Stage) {
    this.stage = stage;
  }

  allows(user: string, channel: string): boolean {
    return this.allowed.has(`${user} ${channel}`);
  }

  /** As an authorisation hook looks: what it finds is true now, and may not be when the answer arrives. */
  look(user: string, channel: string): boolean {
    const allowed = this.allows(user, channel);
    if (allowed) this.onLook(user, channel);
    return allowed;
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
