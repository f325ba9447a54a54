import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { within } from '@thrum/testkit';
import { afterAll, beforeAll } from 'vitest';
import type { ListenOptions, ThrumDefinition } from '../../src/index.ts';
import { writeDevCertificate } from '../../src/http/dev-certificate.ts';
import { startServer } from '../support.ts';
import { channels, key } from './api/support.ts';

/** Where {@link useCertificate} put the certificate. */
export let folder: string;
export let ca: string;

/** Makes a certificate before the tests of the file that calls this, and removes it after them. */
export function useCertificate(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await writeDevCertificate(folder, false);
    ca = await readFile(join(folder, 'cert.pem'), 'utf8');
  });
  afterAll(() => rm(folder, { recursive: true }));
}

export const tls = () => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') });

export function startSecure(definition: ThrumDefinition = {}, options: ListenOptions = {}) {
  return startServer({ channels, apiKeys: key, ...definition }, { tls: tls(), ...options });
}

export interface Session extends AsyncDisposable {
  readonly session: ClientHttp2Session;
  /** What the server said in GOAWAY, once it has. */
  readonly goaway: Promise<number>;
}

export async function openSession(url: string): Promise<Session> {
  const session = connect(url, { ca });
  session.on('error', () => undefined);
  const goaway = once(session, 'goaway').then(([code]) => code as number);
  goaway.catch(() => undefined);
  await within(once(session, 'remoteSettings'), () => 'an HTTP/2 connection');
  const close = async () => {
    if (session.destroyed) return;
    const closed = once(session, 'close');
    session.destroy();
    await closed;
  };
  return { session, goaway, [Symbol.asyncDispose]: close };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export async function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<Answer> {
  const stream = session.request(
    { authorization: `Bearer ${key}`, ...headers },
    { endStream: body === undefined },
  );
  const answered = once(stream, 'response') as Promise<[IncomingHttpHeaders]>;
  if (body !== undefined) stream.end(body);
  const [head] = await within(answered, () => 'an HTTP/2 response');
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += String(chunk);
  return { status: Number(head[':status']), headers: head, text };
}

/** How a stream ended. */
export async function ended(stream: ClientHttp2Stream): Promise<number> {
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.on('error', () => undefined).resume();
  await within(closed, () => 'the end of a stream');
  return stream.rstCode;
}

export function speakTls(
  port: number,
  options: { ALPNProtocols?: string[]; maxVersion?: 'TLSv1.1' | 'TLSv1.2' } = {},
) {
  return new Promise<TLSSocket>((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', ca, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

export const post = (path: string) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/json',
});
