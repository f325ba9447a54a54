import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { safeHeaders } from './reply.ts';

interface StaticFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly etag: string;
}

/** Files by the path they are served under. Other paths do not exist, so none can lead out of the folder. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** Scripts only from here; styles inline too, which the console's chart and layout set on elements. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Reads a folder once and keeps it: a built page is some hundred kilobytes, and it never changes under a running server.
 * @throws Error when the folder has no `index.html`.
 */
export async function loadStaticFiles(folder: string): Promise<StaticFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    names.map(async (name) => [urlOf(folder, name), await loadFile(name)] as const),
  );
  const byPath = new Map(files);
  const index = byPath.get('/index.html');
  if (index === undefined) throw new Error(`${folder} has no index.html`);
  return byPath.set('/', index);
}

function urlOf(folder: string, name: string): string {
  return `/${relative(folder, name).split(sep).map(encodeURIComponent).join('/')}`;
}

async function loadFile(name: string): Promise<StaticFile> {
  const body = await readFile(name);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  // vite puts a hash of the content into the names of assets, so such a name never means another file.
  const isHashed = /[/\\]assets[/\\]/.test(name);
  const headers = {
    ...safeHeaders,
    'Content-Security-Policy': contentSecurityPolicy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Content-Type': types[extname(name).toLowerCase()] ?? 'application/octet-stream',
    'Cache-Control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: etag,
  };
  return { body, headers, etag };
}

/** Serves GET and HEAD of one of the files; false when `path` is none of them. */
export function serveStatic(
  files: StaticFiles,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const file = files.get(path);
  if (file === undefined) return false;
  if (isFresh(request.headers['if-none-match'], file.etag)) {
    response.writeHead(304, file.headers).end();
    return true;
  }
  response.writeHead(200, { ...file.headers, 'Content-Length': file.body.length });
  response.end(request.method === 'HEAD' ? undefined : file.body);
  return true;
}

/** RFC 9110 §13.1.2, compared weakly as it says. */
function isFresh(header: string | undefined, etag: string): boolean {
  return (
    header?.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) ?? false
  );
}
