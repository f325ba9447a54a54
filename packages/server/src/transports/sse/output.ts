import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Env } from '@thrum/core';
import type { CloseInfo } from '@thrum/protocol';
import { safeHeaders } from '../../http/reply.ts';
import type { Beating, Heartbeat } from '../heartbeat.ts';
import { heartbeat as heartbeatComment } from './writer.ts';

/** How long a peer may take to read the end of its stream before its socket is destroyed. */
const endTimeoutMs = 3000;

/** How a stream ended that its peer, or the network, cut (RFC 6455 §7.1.5 has the number). */
export const abnormalClose: CloseInfo = { code: 1006, reason: '' };

/** What an {@link EventOutput} reports. */
export interface OutputOwner {
  /** What was written has been taken. */
  drained(): void;
  /** The response is over, whoever ended it. */
  gone(): void;
  /** The peer has taken nothing for too long. */
  stuck(): void;
}

export interface OutputParts {
  readonly env: Env;
  readonly heartbeat: Heartbeat<EventOutput>;
  readonly pingSeconds: number;
}

/** One response that stays open as `text/event-stream`, over HTTP/1.1 or HTTP/2. */
export class EventOutput implements Beating {
  pingTick = 0;
  readonly unfinished = undefined;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly parts: OutputParts;
  private readonly owner: OutputOwner;
  private takenTick = 0;
  private isOpen = false;
  private isGone = false;

  constructor(request: IncomingMessage, response: ServerResponse, parts: OutputParts, owner: OutputOwner) {
    this.request = request;
    this.response = response;
    this.parts = parts;
    this.owner = owner;
    response.on('close', () => this.closed());
    response.on('drain', () => this.drained());
    // `close` follows and says it all.
    response.on('error', () => undefined);
    parts.heartbeat.add(this);
  }

  /** Absent once the peer is gone. */
  get address(): string | undefined {
    return this.request.socket.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.response.writableLength;
  }

  /** A stream is silent by nature: only one from which something is not taken can be dead. */
  get seenTick(): number {
    return this.bufferedBytes === 0 ? this.parts.heartbeat.tick : this.takenTick;
  }

  set seenTick(tick: number) {
    this.takenTick = tick;
  }

  /** Sends the head. `connection`-headers are HTTP/1's alone (RFC 9113 §8.2.2). */
  open(headers: Readonly<Record<string, string>>): void {
    const { request, response } = this;
    const isFirst = request.httpVersionMajor < 2;
    response.writeHead(200, {
      ...safeHeaders,
      ...headers,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no',
      ...(isFirst && { Connection: 'keep-alive' }),
    });
    // Probes before the next heartbeat: behind unacknowledged bytes a dead peer would be noticed after 15 minutes.
    if (isFirst) request.socket.setKeepAlive(true, this.parts.pingSeconds * 500);
    this.isOpen = true;
  }

  write(part: Uint8Array | string): void {
    const { response } = this;
    if (!this.isOpen || this.isGone || response.writableEnded) return;
    if (response.writableLength === 0) this.takenTick = this.parts.heartbeat.tick;
    response.write(part);
  }

  /** Ends the stream behind what was written. */
  end(): void {
    if (this.isGone || this.response.writableEnded) return;
    this.response.end();
    const cancel = this.parts.env.timer(endTimeoutMs, () => this.destroy());
    this.response.once('close', cancel);
  }

  destroy(): void {
    this.response.destroy();
  }

  beat(): void {
    // Where something waits the connection is not idle.
    if (this.bufferedBytes === 0) this.write(heartbeatComment);
  }

  giveUp(): void {
    this.owner.stuck();
    this.destroy();
  }

  private drained(): void {
    this.takenTick = this.parts.heartbeat.tick;
    this.owner.drained();
  }

  private closed(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.parts.heartbeat.delete(this);
    this.owner.gone();
  }
}
