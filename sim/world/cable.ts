import type { Session, Transport } from '@thrum/core';
import { jsonCodec } from '@thrum/protocol';
import { Part } from '../clock.ts';
import type { Random } from '../random.ts';
import type { SimNode } from './node.ts';
import { Pipe } from './pipe.ts';
import type { SimSocket } from './socket.ts';
import type { Stage } from './stage.ts';
import type { Tap } from './tap.ts';

/** ws waits this long for the peer's half of a closing handshake. */
const closeTimeout = 30_000;
const pingEvery = 30_000;
const deadAfter = 35_000;

/** One TCP connection with a WebSocket on it: the client's socket at one end, the core's transport at the other. */
export class Cable {
  readonly client: string;
  readonly user: string;
  /** The server's close frame never arrives, nor anything after it. */
  losesClose = false;
  conn = '';
  readonly node: SimNode;
  private readonly stage: Stage;
  private readonly socket: SimSocket;
  private readonly part: Part;
  private readonly up: Pipe;
  private readonly down: Pipe;
  private session: Session | undefined;
  private tap: Tap | undefined;
  private server: 'dialing' | 'open' | 'closing' | 'gone' = 'dialing';
  private heardAt = 0;
  private pingAt = 0;
  private dead = false;
  private clientGone = false;

  constructor(
    stage: Stage,
    socket: SimSocket,
    node: SimNode,
    who: { readonly client: string; readonly user: string },
    latency: number,
    chance: Random,
  ) {
    this.stage = stage;
    this.socket = socket;
    this.node = node;
    this.client = who.client;
    this.user = who.user;
    this.part = new Part('cable');
    this.up = new Pipe(stage.clock, this.part, chance, latency);
    this.down = new Pipe(stage.clock, this.part, chance, latency);
    this.down.onDrain = () => {
      if (this.server === 'open' || this.server === 'closing') this.session?.drained();
    };
    // The handshake is a round trip; the node may be gone when it arrives.
    this.up.send(1, () => this.accept());
  }

  get isOpen(): boolean {
    return this.server === 'open';
  }

  fromClient(text: string): void {
    this.up.send(text.length + 8, () => {
      if (this.server !== 'open') return;
      this.heardAt = this.stage.clock.now;
      this.tap?.received(text);
      this.session?.receive(text);
    });
  }

  closeFromClient(code: number): void {
    this.up.send(8, () => {
      const echo = this.server === 'open';
      this.gone(code, '');
      if (echo) this.down.send(8, () => this.socket.closed(code, ''));
    });
  }

  /** The server's ping, and the silence it measures (PROTOCOL.md §10). */
  beat(): void {
    if (this.server !== 'open') return;
    const { now } = this.stage.clock;
    if (now - this.heardAt > deadAfter) {
      this.gone(4000, 'Heartbeat timeout');
      this.down.send(8, () => this.socket.closed(1006, ''));
      return;
    }
    if (now < this.pingAt) return;
    this.pingAt = now + pingEvery;
    this.down.send(2, () => {
      if (this.socket.readyState !== 1 || this.clientGone) return;
      this.up.send(2, () => {
        this.heardAt = this.stage.clock.now;
      });
    });
  }

  /** RST: both ends hear of it at once, and what was on the way is lost. */
  cut(): void {
    if (this.dead) return;
    this.end();
    this.gone(1006, '');
    this.stage.clock.after(1, this.part, () => this.socket.closed(1006, ''));
  }

  /** Nothing gets through any more and nobody is told. */
  halfOpen(): void {
    this.up.freeze();
    this.down.freeze();
  }

  freezeUp(): void {
    this.up.freeze();
  }

  freezeDown(): void {
    this.down.freeze();
  }

  slow(bytesPerMillisecond: number): void {
    this.down.slow(bytesPerMillisecond);
  }

  restore(): void {
    this.up.restore();
    // Nobody is there any more to read what waits.
    if (!this.clientGone) this.down.restore();
  }

  /** The server's process or machine is no more: with a RST, or in silence. */
  serverDied(silent: boolean): void {
    if (this.server === 'gone') return;
    this.server = 'gone';
    this.stage.record({ k: 'gone', conn: this.conn, code: 0 });
    this.node.cables.delete(this);
    this.session = undefined;
    this.up.end();
    if (silent) this.down.freeze();
    else this.down.send(1, () => this.socket.closed(1006, ''));
  }

  /** The page or its machine is no more. */
  clientDied(silent: boolean): void {
    this.clientGone = true;
    this.down.freeze();
    if (silent) this.up.freeze();
    else this.up.send(1, () => this.gone(1006, ''));
  }

  private accept(): void {
    if (this.server !== 'dialing') return;
    if (!this.node.isUp) {
      this.server = 'gone';
      this.down.send(1, () => this.socket.closed(1006, ''));
      return;
    }
    this.server = 'open';
    this.heardAt = this.stage.clock.now;
    this.pingAt = this.heardAt + pingEvery;
    this.down.send(1, () => this.socket.opened());
    this.tap = this.node.tap(this);
    const { session } = this.tap.watch(() => this.node.core.accept(this.transport(), {}));
    this.session = session;
    // A node that was full or leaving has closed it already.
    if (this.isOpen) this.node.cables.add(this);
  }

  private transport(): Transport {
    const { down } = this;
    return {
      kind: 'websocket',
      codec: jsonCodec,
      get bufferedBytes() {
        return down.buffered;
      },
      send: (bytes) => {
        if (this.server !== 'open') return;
        const text = this.tap?.sent(bytes as Uint8Array) ?? '';
        down.send(bytes.byteLength + 4, () => this.socket.message(text));
      },
      close: (code, reason) => this.closeFromServer(code, reason),
    };
  }

  private closeFromServer(code: number, reason: string): void {
    if (this.server !== 'open') return;
    this.server = 'closing';
    this.stage.clock.after(closeTimeout, this.node.edge, () => this.gone(code, reason));
    if (this.losesClose) {
      this.stage.record({ k: 'fault', fault: 'close-lost', on: this.client });
      this.halfOpen();
      return;
    }
    this.down.send(8, () => {
      this.socket.closed(code, reason);
      this.up.send(8, () => this.gone(code, reason));
    });
  }

  private gone(code: number, reason: string): void {
    if (this.server === 'gone') return;
    this.server = 'gone';
    this.stage.record({ k: 'gone', conn: this.conn, code });
    this.node.cables.delete(this);
    this.up.end();
    const { session } = this;
    this.session = undefined;
    session?.closed(code, reason);
  }

  private end(): void {
    this.dead = true;
    this.up.end();
    this.down.end();
  }
}
