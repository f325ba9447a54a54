import { expect } from 'vitest';
import type { startServer } from '../support.ts';

export interface Answer {
  readonly session: string;
  readonly node: string;
  readonly seq: number;
  readonly frames: readonly string[];
  readonly close?: { readonly code: number; readonly reason: string };
}

export type Server = Awaited<ReturnType<typeof startServer>>;

export function post(
  server: Server,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${server.httpUrl}/connect/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export async function poll(server: Server, body: object = {}): Promise<Answer> {
  const response = await post(server, 'poll', body);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return (await response.json()) as Answer;
}

export function parsed({ frames }: Answer): Record<string, unknown>[] {
  return frames.map((frame) => JSON.parse(frame) as Record<string, unknown>);
}

export async function send(
  server: Server,
  { session, node }: Answer,
  seq: number,
  ...frames: object[]
): Promise<number> {
  const texts = frames.map((frame) => JSON.stringify(frame));
  const { status } = await post(server, 'send', { session, node, seq, frames: texts });
  return status;
}
