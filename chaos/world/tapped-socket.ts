import type { SocketConstructor } from '@thrum/client';
import { type Frame, WireLines } from '@thrum/sim/wire-lines';
import type { Paper } from './paper.ts';

/** Who opens the sockets. */
export interface Owner {
  /** One life of an SDK. */
  readonly c: string;
  readonly user: string;
}

/** Writes down what a connection says, at the client's end, with its opening and its end. */
export class Tap {
  private readonly paper: Paper;
  private readonly owner: Owner;
  private readonly lines: WireLines;
  conn = '';

  constructor(paper: Paper, owner: Owner) {
    this.paper = paper;
    this.owner = owner;
    this.lines = new WireLines(paper, () => this.conn);
  }

  toClient(frame: Frame): void {
    if (frame['type'] === 'welcome' && this.conn === '') {
      this.conn = String(frame['connectionId']);
      this.paper.record({ k: 'open', conn: this.conn, node: 'server', ...this.owner });
    }
    this.lines.toClient(frame);
  }

  toServer(frame: Frame): void {
    this.lines.toServer(frame);
  }

  closed(code: number): void {
    if (this.conn !== '') this.paper.record({ k: 'gone', conn: this.conn, code });
  }
}

/** The host's own WebSocket, with a tap on it. */
export function tappedSocket(paper: Paper, owner: Owner): SocketConstructor {
  return class extends WebSocket {
    private readonly tap = new Tap(paper, owner);

    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols ?? []);
      this.addEventListener('message', ({ data }) => this.tap.toClient(JSON.parse(data as string) as Frame));
      this.addEventListener('close', ({ code }) => this.tap.closed(code));
    }

    override send(data: string | Uint8Array<ArrayBuffer>): void {
      this.tap.toServer(JSON.parse(data as string) as Frame);
      super.send(data);
    }
  };
}
