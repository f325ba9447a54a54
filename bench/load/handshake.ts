import type { Wire } from './wire.ts';

export const headersEnd = '\r\n\r\n';

/** A request that opens a WebSocket (RFC 6455 §4.1) or an event stream. */
export function requestHead(
  wire: Wire,
  channels: readonly string[],
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const lines = [`GET ${wire.path(channels)} HTTP/1.1`, `Host: ${host}:${port}`];
  if (wire.transport === 'event-stream') lines.push('Accept: text/event-stream');
  else {
    // The example's key of RFC 6455 §1.3: nobody here depends on its being random.
    lines.push('Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13');
    lines.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');
    if (wire.extension !== undefined) lines.push(`Sec-WebSocket-Extensions: ${wire.extension}`);
  }
  return lines.join('\r\n') + headersEnd;
}

/** What is wrong with the head of the answer: another status, or compression asked for and not agreed on. */
export function responseProblem(wire: Wire, head: string): string | undefined {
  const status = wire.transport === 'websocket' ? 101 : 200;
  if (!head.startsWith(`HTTP/1.1 ${status} `)) return `expected ${status}, got ${head.slice(0, 200)}`;
  if (wire.extension === undefined || /^sec-websocket-extensions:.*permessage-deflate/im.test(head)) {
    return undefined;
  }
  return `expected permessage-deflate in the handshake's answer, got ${head.slice(0, 400)}`;
}
