import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mintToken, type MintOptions } from '../auth/mint.ts';
import { userIdProblem } from '../auth/user-id.ts';
import type { OriginCheck } from '../transports/websocket/origins.ts';
import { readJson } from './body.ts';
import type { Problem } from './problem.ts';
import { sendJson, sendProblem } from './reply.ts';

const maxBodyBytes = 4096;
const maxNameLength = 64;

/** What the playground's tokens are signed with. */
export interface Signing extends Pick<MintOptions, 'issuer' | 'audience'> {
  readonly secret: string | readonly string[];
  /** The claim that names the user, where it is not `sub`. */
  readonly userClaim?: string;
}

/**
 * `POST /playground/token` with `{"name", "userId"?}` → `{"token", "userId", "name"}`: a token for anybody who asks, good
 * for an hour. Development only.
 */
export async function servePlaygroundToken(
  request: IncomingMessage,
  response: ServerResponse,
  signing: Signing,
  isAllowedOrigin: OriginCheck,
): Promise<void> {
  if (request.method !== 'POST') {
    sendProblem(response, { status: 405, detail: 'Expected POST.', headers: { Allow: 'POST' } });
    return;
  }
  const { origin, host } = request.headers;
  if (origin !== undefined && !isAllowedOrigin(origin, host)) {
    sendProblem(response, { status: 403, detail: 'This origin may not have tokens.' });
    return;
  }
  const body = await readJson(request, maxBodyBytes);
  const person = 'problem' in body ? body : readPerson(body.value);
  if ('problem' in person) {
    sendProblem(response, person.problem);
    return;
  }
  const { name, userId } = person;
  const { userClaim = 'sub', ...key } = signing;
  const claims = userClaim === 'sub' ? { name } : { name, [userClaim]: userId };
  const token = await mintToken({ ...key, userId, ttl: '1h', claims });
  sendJson(response, 200, { token, userId, name });
}

interface Person {
  readonly name: string;
  readonly userId: string;
}

function readPerson(value: unknown): Person | { readonly problem: Problem } {
  if (typeof value !== 'object' || value === null) return invalid('Expected {"name", "userId"?}.');
  const { name, userId = randomUUID() } = value as Record<string, unknown>;
  if (typeof name !== 'string' || name.length > maxNameLength || userIdProblem(name) !== undefined) {
    return invalid(`name: expected 1 to ${maxNameLength} printable characters.`);
  }
  if (typeof userId !== 'string' || userIdProblem(userId) !== undefined) {
    return invalid('userId: expected 1 to 255 printable characters.');
  }
  return { name, userId };
}

function invalid(detail: string): { readonly problem: Problem } {
  return { problem: { status: 400, detail } };
}
