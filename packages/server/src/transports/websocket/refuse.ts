import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Problem, problemBody, problemType } from '../../http/problem.ts';

const lingerMs = 1000;

/** Answers upgrades with HTTP and sees to it that their sockets end: nobody else would. */
export class Refuser {
  private readonly sockets = new Set<Duplex>();

  refuse(socket: Duplex, problem: Problem): void {
    const body = problemBody(problem);
    const headers = {
      Connection: 'close',
      'Content-Type': problemType,
      'Content-Length': Buffer.byteLength(body),
      ...problem.headers,
    };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const { status } = problem;
    this.sockets.add(socket);
    // Reading on until the peer has read and closed: destroying at once would reset the connection under the answer.
    const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.sockets.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    socket.resume();
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
