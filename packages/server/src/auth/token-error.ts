/**
 * Why a token was refused: for the server's log, never for the client. The sentences are a closed list, so that no part
 * of a token can end up in a log.
 */
export type TokenProblem =
  | 'the token is longer than 8 KiB'
  | 'it is not a compact JWT'
  | 'its header asks for an extension that is not supported'
  | 'its header brings its own key'
  | 'its type is not that of an access token'
  | 'no key is configured for its algorithm'
  | 'no configured key fits it'
  | 'its signature does not fit'
  | 'it has expired'
  | 'it is not valid yet'
  | 'a required claim is missing'
  | 'a claim has the wrong type'
  | 'its issuer is not the configured one'
  | 'its audience is not the configured one'
  | 'it names no user'
  | 'its user id is not 1 to 255 printable characters'
  | 'it cannot be read';

/** A token that was not accepted. Carries neither the token nor anything that was in it. */
export class TokenError extends Error {
  readonly problem: TokenProblem;

  constructor(problem: TokenProblem) {
    super(`token refused: ${problem}`);
    this.name = 'TokenError';
    this.problem = problem;
  }
}
