import type { Session } from '@thrum/core';
import type { Place } from '../history.ts';
import type { Cable } from './cable.ts';
import type { Stage } from './stage.ts';

type Frame = Readonly<Record<string, unknown>>;

interface AskedPage {
  readonly channel: string;
  readonly asked: number;
  readonly since?: Place;
  readonly reverse: boolean;
}

interface Text {
  readonly text: string;
  readonly frame: Frame;
}

const texts = new WeakMap<Uint8Array, Text>();
const decoder = new TextDecoder();

/** The bytes of one fan-out are shared, so they are read once. */
function read(bytes: Uint8Array): Text {
  let known = texts.get(bytes);
  if (known === undefined) {
    const text = decoder.decode(bytes);
    known = { text, frame: JSON.parse(text) as Frame };
    texts.set(bytes, known);
  }
  return known;
}

/** Writes down what goes over one connection, at the server's end: what it decided, not what arrived. */
export class Tap {
  private readonly stage: Stage;
  private readonly cable: Cable;
  private readonly pages = new Map<unknown, AskedPage>();
  /** What the core says while it is still accepting comes before its connection has a name. */
  private early: Frame[] | undefined = [];

  constructor(stage: Stage, cable: Cable) {
    this.stage = stage;
    this.cable = cable;
  }

  watch(accept: () => Session): { readonly session: Session } {
    const session = accept();
    const { cable } = this;
    cable.conn = session.connectionId;
    const { conn, client, user } = cable;
    this.stage.record({ k: 'open', conn, node: cable.node.name, c: client, user });
    const early = this.early ?? [];
    this.early = undefined;
    for (const frame of early) this.out(frame);
    return { session };
  }

  sent(bytes: Uint8Array): string {
    const { text, frame } = read(bytes);
    if (this.early === undefined) this.out(frame);
    else this.early.push(frame);
    return text;
  }

  received(text: string): void {
    const frame = JSON.parse(text) as Frame;
    const { conn } = this.cable;
    const { type, id } = frame;
    const channel = String(frame['channel']);
    if (type === 'message' && typeof id === 'string') this.stage.record({ k: 'received', conn, id });
    else if (type === 'subscribe') {
      const { since, ack } = frame;
      this.stage.record({
        k: 'asked',
        conn,
        channel,
        id: id as number,
        ...(since === undefined ? {} : { since }),
        ...(ack === true ? { ack: true } : {}),
      });
    } else if (type === 'history') {
      const since = frame['since'] as Place | undefined;
      this.pages.set(id, {
        channel,
        asked: this.stage.moment,
        ...(since === undefined ? {} : { since }),
        reverse: frame['reverse'] === true,
      });
    }
  }

  private out(frame: Frame): void {
    const { conn } = this.cable;
    const { type, id } = frame;
    const channel = String(frame['channel']);
    if (frame['timestamp'] !== undefined) {
      this.stage.record({ k: 'sent', conn, channel, v: valueOf(frame), ...placeOf(frame) });
      return;
    }
    switch (type) {
      case 'subscribed':
        this.stage.record({
          k: 'answered',
          conn,
          channel,
          recovered: frame['recovered'] === true,
          ...(id === undefined ? {} : { id: id as number }),
          ...(frame['position'] === undefined ? {} : { at: frame['position'] as Place }),
        });
        break;
      case 'unsubscribed':
        this.stage.record({ k: 'left', conn, channel, ...codeOf(frame) });
        break;
      case 'error':
        this.stage.record({
          k: 'refused',
          conn,
          code: String(frame['code']),
          ...(frame['channel'] === undefined ? {} : { channel }),
          ...(id === undefined ? {} : { id: id as number }),
        });
        break;
      case 'reconnect':
        this.stage.record({ k: 'told', conn });
        break;
      case 'joined':
      case 'left':
      case 'presence':
        this.stage.record({ k: 'members', conn, channel, change: type });
        break;
      case 'result':
        this.page(id, frame['data'] as Frame);
        break;
      default:
    }
  }

  private page(id: unknown, data: Frame): void {
    const asked = this.pages.get(id);
    if (asked === undefined) return;
    this.pages.delete(id);
    this.stage.record({ k: 'page', conn: this.cable.conn, ...asked, ...pageOf(data) });
  }
}

/** A history result as the history keeps it. */
export function pageOf(data: Readonly<Record<string, unknown>>): {
  readonly at?: Place;
  readonly recovered: boolean;
  readonly more: boolean;
  readonly items: readonly { readonly at: Place; readonly v: string }[];
} {
  const publications = (data['publications'] ?? []) as readonly Frame[];
  return {
    ...(data['position'] === undefined ? {} : { at: data['position'] as Place }),
    recovered: data['recovered'] === true,
    more: data['more'] === true,
    items: publications.map((item) => ({
      at: { epoch: String(item['epoch']), offset: Number(item['offset']) },
      v: valueOf(item),
    })),
  };
}

function valueOf(frame: Frame): string {
  return String((frame['data'] as Frame | undefined)?.['v']);
}

function placeOf({ epoch, offset }: Frame): { readonly at?: Place } {
  return epoch === undefined ? {} : { at: { epoch: String(epoch), offset: Number(offset) } };
}

function codeOf({ code }: Frame): { readonly code?: string } {
  return code === undefined ? {} : { code: String(code) };
}
