import type { Happening, Place } from './history.ts';

/** A frame as it was parsed. */
export type Frame = Readonly<Record<string, unknown>>;

/** Where lines go, and what time it is there. */
interface Paper {
  readonly moment: number;
  record(happening: Happening): void;
}

interface AskedPage {
  readonly channel: string;
  readonly asked: number;
  readonly since?: Place;
  readonly reverse: boolean;
}

/** Writes down what one connection says, whichever end listens. */
export class WireLines {
  private readonly paper: Paper;
  private readonly conn: () => string;
  private readonly pages = new Map<unknown, AskedPage>();

  constructor(paper: Paper, conn: () => string) {
    this.paper = paper;
    this.conn = conn;
  }

  toServer(frame: Frame): void {
    const conn = this.conn();
    const { type, id } = frame;
    const channel = String(frame['channel']);
    if (type === 'message' && typeof id === 'string') this.paper.record({ k: 'received', conn, id });
    else if (type === 'subscribe') {
      const { since, ack, name } = frame;
      this.paper.record({
        k: 'asked',
        conn,
        channel,
        id: id as number,
        ...(since === undefined ? {} : { since }),
        ...(ack === true ? { ack: true } : {}),
        ...(typeof name === 'string' ? { name } : {}),
      });
    } else if (type === 'history') {
      const since = frame['since'] as Place | undefined;
      this.pages.set(id, {
        channel,
        asked: this.paper.moment,
        ...(since === undefined ? {} : { since }),
        reverse: frame['reverse'] === true,
      });
    }
  }

  toClient(frame: Frame): void {
    const conn = this.conn();
    const { type, id } = frame;
    const channel = String(frame['channel']);
    if (frame['timestamp'] !== undefined) {
      this.paper.record({
        k: 'sent',
        conn,
        channel,
        v: valueOf(frame),
        ...placeOf(frame),
        ...conflatedOf(frame),
      });
      return;
    }
    switch (type) {
      case 'subscribed':
        this.paper.record({
          k: 'answered',
          conn,
          channel,
          recovered: frame['recovered'] === true,
          ...(id === undefined ? {} : { id: id as number }),
          ...(frame['position'] === undefined ? {} : { at: frame['position'] as Place }),
          ...(frame['maxRate'] === undefined ? {} : { maxRate: Number(frame['maxRate']) }),
        });
        break;
      case 'unsubscribed':
        this.paper.record({ k: 'left', conn, channel, ...codeOf(frame) });
        break;
      case 'error':
        this.paper.record({
          k: 'refused',
          conn,
          code: String(frame['code']),
          ...(frame['channel'] === undefined ? {} : { channel }),
          ...(id === undefined ? {} : { id: id as number }),
        });
        break;
      case 'reconnect':
        this.paper.record({ k: 'told', conn });
        break;
      case 'joined':
      case 'left':
      case 'presence':
        this.paper.record({ k: 'members', conn, channel, change: type });
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
    this.paper.record({ k: 'page', conn: this.conn(), ...asked, ...pageOf(data) });
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

function conflatedOf({ conflated }: Frame): { readonly conflated?: number } {
  return conflated === undefined ? {} : { conflated: Number(conflated) };
}

function codeOf({ code }: Frame): { readonly code?: string } {
  return code === undefined ? {} : { code: String(code) };
}
