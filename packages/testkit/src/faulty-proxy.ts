import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Towards the server (`up`) or towards the client (`down`). */
export type Direction = 'up' | 'down';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP proxy on a port of its own, to a target that can change: the network of a test, with its faults. */
export async function startProxy(target: string): Promise<FaultyProxy> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const proxy = new FaultyProxy(server, target);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return proxy;
}

export class FaultyProxy implements AsyncDisposable {
  /** Milliseconds that every chunk is late, each way. */
  latency: number = 0;
  /** Whether new connections are refused. */
  refusing: boolean = false;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #frozen = new Set<Direction>();
  readonly #thawed: (() => void)[] = [];
  readonly #late: Readonly<Record<Direction, (() => void)[]>> = { up: [], down: [] };
  #target: URL;

  constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = new URL(target);
    server.on('connection', (client) => this.#accept(client));
  }

  /** The target's URL with the proxy's address in it. */
  get url(): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return url.href;
  }

  /** Connections that are open now. */
  get links(): number {
    return this.#links.size;
  }

  /** Sends new connections elsewhere. */
  retarget(target: string): void {
    this.#target = new URL(target);
  }

  /** Ends every connection on both sides; neither gets a close frame. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.destroy();
      server.destroy();
    }
  }

  /** Ends every connection with RST: towards the client, the server or both. */
  reset(sides: Direction | 'both' = 'both'): void {
    for (const { client, server } of this.#links) {
      if (sides !== 'up') client.resetAndDestroy();
      if (sides !== 'down') server.resetAndDestroy();
    }
  }

  /** Holds back what goes one way, of present and future connections; nobody is told. */
  freeze(...directions: readonly Direction[]): void {
    for (const direction of directions) this.#frozen.add(direction);
    for (const link of this.#links) this.#hold(link);
  }

  /** Lets everything flow again, in order, nothing lost. */
  thaw(): void {
    this.#frozen.clear();
    for (const { client, server } of this.#links) {
      client.resume();
      server.resume();
    }
    for (const resume of this.#thawed.splice(0)) resume();
  }

  /**
   * Makes every present connection half-open: the server's side is gone, the client never hears of it and its bytes go
   * nowhere. That is what is left of a peer whose machine lost power.
   */
  halfOpen(): void {
    for (const link of this.#links) {
      link.client.removeAllListeners('data').resume();
      link.server.removeAllListeners('end').removeAllListeners('close').destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    this.#server.close();
    this.cut();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.refusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({
      host: this.#target.hostname,
      port: Number(this.#target.port),
      allowHalfOpen: true,
    });
    const link: Link = { client, server };
    this.#links.add(link);
    this.#pipe(client, server, 'up');
    this.#pipe(server, client, 'down');
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
    }
    client.on('close', () => {
      this.#links.delete(link);
      this.#deliver('up', () => server.destroySoon());
    });
    server.on('close', () => this.#deliver('down', () => client.destroySoon()));
    client.resume();
    this.#hold(link);
  }

  #pipe(from: Socket, to: Socket, direction: Direction): void {
    from.on('data', (chunk) => this.#deliver(direction, () => void (to.writable && to.write(chunk))));
    from.on('end', () => this.#deliver(direction, () => void to.end()));
  }

  /** Each timer lets go of the oldest chunk, not of its own: nothing overtakes when the latency changes. */
  #deliver(direction: Direction, run: () => void): void {
    const late = this.#late[direction];
    if (this.latency <= 0 && late.length === 0) {
      this.#whenFlowing(direction, run);
      return;
    }
    late.push(run);
    setTimeout(() => {
      const oldest = late.shift();
      if (oldest !== undefined) this.#whenFlowing(direction, oldest);
    }, this.latency);
  }

  #whenFlowing(direction: Direction, run: () => void): void {
    if (this.#frozen.has(direction)) this.#thawed.push(run);
    else run();
  }

  #hold({ client, server }: Link): void {
    if (this.#frozen.has('up')) client.pause();
    if (this.#frozen.has('down')) server.pause();
  }
}
