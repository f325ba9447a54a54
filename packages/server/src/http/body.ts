import type { IncomingMessage } from 'node:http';
import type { Problem } from './problem.ts';

/** A JSON body of at most `maxBytes`, or what is wrong with it. */
export async function readJson(
  request: IncomingMessage,
  maxBytes: number,
): Promise<{ readonly value: unknown } | { readonly problem: Problem }> {
  // Asking for JSON keeps forms of other pages out: a browser sends this type across origins only after a preflight.
  if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return { problem: { status: 415, detail: 'Expected Content-Type: application/json.' } };
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      return {
        problem: {
          status: 413,
          detail: `Expected at most ${maxBytes} bytes.`,
          headers: { Connection: 'close' },
        },
      };
    }
    chunks.push(chunk);
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString()) as unknown };
  } catch {
    return { problem: { status: 400, detail: 'Expected a body in JSON.' } };
  }
}
