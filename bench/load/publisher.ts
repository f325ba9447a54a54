import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { channelName } from '../channel.ts';
import { stampedPayload } from '../payload.ts';
import type { PublishOptions } from '../process/calls.ts';
import { clientFrame, opcodes } from './frames.ts';
import { headersEnd, requestHead, responseProblem } from './handshake.ts';
import { type Publishing, type Wire, wireOf } from './wire.ts';

const host = '127.0.0.1';

/** A moment as the control connection takes it; zero asks for ballast. */
const requestBytes = 8;

/** Asks one server for publications. What is asked for in one call goes out in one write. */
export interface Publisher {
  /** One for each stamp; number `first` and the following since the beginning, which go round the channels. */
  publish(first: number, stamps: readonly bigint[]): void;
  /** Ballast, where the server's own call publishes. */
  weigh(count: number): void;
  close(): void;
}

/** How a publication is asked for, and what the answers may not be. */
interface Dialect {
  request(number: number, stamp: bigint): Buffer;
  /** Said once, before anything else; resolves when the server is ready. */
  readonly greeting?: string;
  /** Looks at what the server says. Throws where it refuses. */
  readonly received?: (text: string) => void;
  /** Whether the greeting was answered. Absent: it needs no answer. */
  readonly isReady?: (text: string) => boolean;
}

/** @param failed Told when the connection ends or the server refuses: the measurement is void. */
export async function openPublisher(
  options: PublishOptions,
  failed: (error: Error) => void,
): Promise<Publisher> {
  const wire = wireOf(options.wire);
  const dialect = dialects[wire.publishing](options, wire);
  const socket = connect({ host, port: options.publishPort, noDelay: true });
  await once(socket, 'connect');
  await greet(socket, dialect);
  let closing = false;
  const fail = (error: Error): void => {
    if (!closing) failed(new Error(`publishing: ${error.message}`));
  };
  socket.on('data', (bytes: Buffer) => {
    try {
      dialect.received?.(bytes.toString('latin1'));
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  return {
    publish(first, stamps) {
      socket.write(Buffer.concat(stamps.map((stamp, index) => dialect.request(first + index, stamp))));
    },
    weigh(count) {
      if (wire.publishing !== 'control') throw new Error(`expected a server of ours, got ${options.wire}`);
      socket.write(Buffer.alloc(requestBytes * count));
    },
    close() {
      closing = true;
      socket.destroy();
    },
  };
}

async function greet(socket: Socket, { greeting, isReady }: Dialect): Promise<void> {
  if (greeting === undefined || isReady === undefined) return;
  socket.write(greeting);
  for (let text = ''; !isReady(text);) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    text += bytes.toString('latin1');
  }
}

export const dialects: Readonly<Record<Publishing, (options: PublishOptions, wire: Wire) => Dialect>> = {
  // The server's own call: it needs to know only when, the rest was agreed on before.
  control: () => ({
    request: (_, stamp) => {
      const bytes = Buffer.allocUnsafe(requestBytes);
      bytes.writeBigUInt64BE(stamp);
      return bytes;
    },
  }),

  frames: ({ payload, publishPort }, wire) => ({
    greeting: requestHead(wire, [], { host, port: publishPort }),
    isReady: (text) => {
      const end = text.indexOf(headersEnd);
      if (end < 0) return false;
      const problem = responseProblem(wire, text.slice(0, end));
      if (problem !== undefined) throw new Error(problem);
      return true;
    },
    request: (_, stamp) => clientFrame(opcodes.text, stampedPayload(payload.bytes, stamp)),
  }),

  // The protocol of NATS over TCP, as a backend would publish. It answers nothing but what goes wrong, and PING.
  nats: ({ payload, shape }) => ({
    greeting: 'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n',
    isReady: (text) => text.includes('PONG\r\n'),
    request: (number, stamp) =>
      Buffer.from(
        `PUB ${channelName(number % shape.channels)} ${payload.bytes}\r\n${stampedPayload(payload.bytes, stamp)}\r\n`,
      ),
    received: (text) => {
      if (text.includes('-ERR')) throw new Error(`expected no answer, got ${text.slice(0, 200)}`);
    },
  }),

  // Pipelined (RFC 9112 §9.3.2) on one connection that stays open.
  post: ({ payload, shape, publishPort }) => ({
    request: (number, stamp) =>
      Buffer.from(
        `POST /pub?id=${channelName(number % shape.channels)} HTTP/1.1\r\nHost: ${host}:${publishPort}\r\n` +
          `Content-Length: ${payload.bytes}${headersEnd}${stampedPayload(payload.bytes, stamp)}`,
      ),
    received: (text) => {
      const refusal = /HTTP\/1\.1 [^2]\d\d.*/.exec(text)?.[0];
      if (refusal !== undefined) throw new Error(`expected 2xx, got ${refusal}`);
    },
  }),
};
