import type { FrameCodec, Session, Transport } from '@thrum/core';
import { type CloseInfo, closeCodes, jsonCodec } from '@thrum/protocol';
import { Joined } from '../joined.ts';
import type { FallbackSession } from '../longpoll/sessions.ts';
import { Upstream } from '../longpoll/upstream.ts';
import { abnormalClose, type EventOutput, type OutputOwner } from './output.ts';
import { dataLines, eventLines } from './writer.ts';

/** A frame as one event without name or id, shared by all streams. */
const frameEventCodec: FrameCodec = {
  encode: (frame) => `${dataLines(JSON.stringify(frame))}\n`,
  decode: (message) => jsonCodec.decode(message),
};

const joined = new Joined();

/** The SDK's frames down a stream of events; those that go up come in POSTs (PROTOCOL.md §17). */
export class FrameStream implements Transport, OutputOwner, FallbackSession {
  readonly kind = 'sse';
  readonly codec: FrameCodec = frameEventCodec;
  readonly upstream: Upstream = new Upstream();
  private readonly output: EventOutput;
  private readonly forget: () => void;
  private session: Session | undefined;
  private ending: CloseInfo = abnormalClose;

  constructor(connect: (owner: OutputOwner) => EventOutput, forget: () => void) {
    this.output = connect(this);
    this.forget = forget;
  }

  get address(): string | undefined {
    return this.output.address;
  }

  get bufferedBytes(): number {
    return this.output.bufferedBytes;
  }

  /** Begins the stream with what the client needs to know before any frame. */
  open(
    headers: Readonly<Record<string, string>>,
    names: { readonly session: string; readonly node: string },
  ): void {
    this.output.open(headers);
    this.output.write(`${eventLines('thrum:open', JSON.stringify(names))}\n`);
  }

  attach(session: Session): void {
    this.session = session;
    this.upstream.attach(session);
  }

  send(message: Uint8Array): void {
    this.output.write(message);
  }

  sendAll(messages: readonly Uint8Array[]): void {
    this.output.write(joined.of(messages));
  }

  close(code: number, reason: string): void {
    if (this.ending !== abnormalClose) return;
    this.ending = { code, reason };
    this.forget();
    this.output.write(`${eventLines('thrum:closed', JSON.stringify(this.ending))}\n`);
    this.output.end();
  }

  end({ code, reason }: CloseInfo): void {
    this.close(code, reason);
  }

  drained(): void {
    this.session?.drained();
  }

  stuck(): void {
    this.ending = closeCodes.heartbeat;
  }

  gone(): void {
    this.forget();
    const { session } = this;
    this.session = undefined;
    session?.closed(this.ending.code, this.ending.reason);
  }
}
