import type { IncomingMessage } from 'node:http';
import type { Log } from '@thrum/core';
import { redactUrl } from '../node/redact.ts';
import type { Problem } from './problem.ts';

/** Notes that a request was refused, without its token. */
export function logRefusal(
  log: Log,
  message: string,
  { headers: { origin }, socket, url = '' }: IncomingMessage,
  { status, detail }: Problem,
): void {
  log.info(message, { status, detail, url: redactUrl(url), origin, address: socket.remoteAddress });
}
