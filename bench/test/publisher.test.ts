import { expect, test } from 'vitest';
import { requestHead, responseProblem } from '../load/handshake.ts';
import { dialects } from '../load/publisher.ts';
import { wireOf } from '../load/wire.ts';
import { stampedPayload } from '../payload.ts';
import type { PublishOptions } from '../process/calls.ts';

const options: PublishOptions = {
  ...{ wire: 'plain', publishPort: 1234, pace: { inFlight: 1 }, seconds: 1, sampleEvery: 1, deadlineMs: 1 },
  ...{ shape: { channels: 2, subscribers: 1 }, payload: { bytes: 130, kind: 'text' } },
};
const payload = stampedPayload(130, 5n);

test('our control connection carries moments of 64 bits', () => {
  const { request } = dialects.control(options, wireOf('plain'));
  expect(request(0, 258n).toString('hex')).toBe('0000000000000102');
});

test('a publication in a frame is masked with zeros', () => {
  const { request } = dialects.frames(options, wireOf('floor'));
  expect(request(0, 5n).toString('latin1')).toBe(`\u0081\u00fe\u0000\u0082\0\0\0\0${payload}`);
});

test('NATS gets subject and size before the payload, and the subjects take turns', () => {
  const { request, received } = dialects.nats(options, wireOf('nats'));
  expect(request(3, 5n).toString()).toBe(`PUB bench:1 130\r\n${payload}\r\n`);
  expect(request(4, 5n).toString()).toContain('PUB bench:0 ');
  expect(() => received?.('PING\r\n')).not.toThrow();
  expect(() => received?.("-ERR 'Unknown Protocol Operation'\r\n")).toThrow('Unknown Protocol');
});

test('nchan gets a POST with the length of its body, and any status but 2xx ends the measurement', () => {
  const { request, received } = dialects.post(options, wireOf('nchan'));
  expect(request(1, 5n).toString()).toBe(
    `POST /pub?id=bench:1 HTTP/1.1\r\nHost: 127.0.0.1:1234\r\nContent-Length: 130\r\n\r\n${payload}`,
  );
  expect(() => received?.('HTTP/1.1 201 Created\r\n\r\nHTTP/1.1 202 Accepted\r\n')).not.toThrow();
  expect(() => received?.('HTTP/1.1 201 Created\r\n\r\nHTTP/1.1 507 Full\r\n')).toThrow('507');
});

test('a handshake offers compression only where it is measured, and then insists on it', () => {
  const target = { host: 'h', port: 1 };
  const [plain, deflate] = [wireOf('plain'), wireOf('plain-deflate')];
  expect(requestHead(plain, [], target)).not.toContain('Extensions');
  expect(requestHead(deflate, [], target)).toContain('permessage-deflate; server_no_context_takeover');
  const agreed = 'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Extensions: permessage-deflate';
  expect(responseProblem(deflate, agreed)).toBeUndefined();
  expect(responseProblem(deflate, 'HTTP/1.1 101 Switching Protocols')).toContain('permessage-deflate');
  expect(responseProblem(plain, 'HTTP/1.1 503 Busy')).toBe('expected 101, got HTTP/1.1 503 Busy');
});

test('an event stream is asked for with a plain GET of its channels', () => {
  const head = requestHead(wireOf('thrum-events'), ['a', 'b'], { host: 'h', port: 1 });
  expect(head).toMatch(/^GET \/events\?channel=a&channel=b HTTP\/1\.1\r\n/);
  expect(head).toContain('Accept: text/event-stream');
  expect(head).not.toContain('Upgrade');
});
