import type { Action, AuthorizeRequest, User } from '../channel/definition.ts';
import type { Definitions, Match } from '../channel/definitions.ts';
import { ThrumError } from '../errors.ts';
import type { Hooks } from '../hooks.ts';
import type { Env } from '../ports/env.ts';
import type { Log } from '../ports/log.ts';

/** What somebody wants to do. */
export interface Wish {
  readonly user: User;
  readonly action: Action;
  readonly channel: string;
  readonly event?: string;
}

/**
 * Denials leave at the next multiple of this many milliseconds, whether no definition fitted or a hook took a while to
 * say no: "no such channel" and "forbidden" must not be told apart by a stopwatch.
 */
const denialStep = 25;

/** Asks every authorisation hook. One denial beats every permission; a hook that throws denies. */
export class Authorizer {
  private readonly definitions: Definitions;
  private readonly hooks: Hooks;
  private readonly env: Env;
  private readonly log: Log;

  constructor(definitions: Definitions, hooks: Hooks, env: Env, log: Log) {
    this.definitions = definitions;
    this.hooks = hooks;
    this.env = env;
    this.log = log;
  }

  async allows(wish: Wish): Promise<boolean> {
    const match = this.definitions(wish.channel);
    return match !== undefined && this.ask(match, wish);
  }

  /**
   * The rules of a channel that `user` may use so.
   * @throws ThrumError `access_denied`, the same and at the same pace for unknown and forbidden.
   */
  async require(wish: Wish): Promise<Match> {
    const started = this.env.monotonic();
    const match = this.definitions(wish.channel);
    if (match !== undefined && (await this.ask(match, wish))) return match;
    const spent = this.env.monotonic() - started;
    const pause = (Math.floor(spent / denialStep) + 1) * denialStep - spent;
    await new Promise<void>((resolve) => void this.env.timer(pause, resolve));
    throw accessDenied(wish.action);
  }

  private async ask({ rules, params }: Match, wish: Wish): Promise<boolean> {
    const request: AuthorizeRequest = { ...wish, params };
    try {
      if (rules.authorize !== undefined && (await rules.authorize(request)) !== true) return false;
      return this.hooks.authorize === undefined || (await this.hooks.authorize(request)) === true;
    } catch (error) {
      this.log.error('an authorize hook failed, which denies', { action: wish.action }, error);
      return false;
    }
  }
}

/** The brief's two sentences (PROTOCOL.md §9). */
export function accessDenied(action: Action): ThrumError {
  return new ThrumError('access_denied', action === 'publish' ? 'Cannot send to channel' : undefined);
}
