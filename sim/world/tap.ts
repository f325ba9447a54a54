import type { Session } from '@thrum/core';
import { type Frame, WireLines } from '../wire-lines.ts';
import type { Cable } from './cable.ts';
import type { Stage } from './stage.ts';

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
  private readonly lines: WireLines;
  /** What the core says while it is still accepting comes before its connection has a name. */
  private early: Frame[] | undefined = [];

  constructor(stage: Stage, cable: Cable) {
    this.stage = stage;
    this.cable = cable;
    this.lines = new WireLines(stage, () => cable.conn);
  }

  watch(accept: () => Session): { readonly session: Session } {
    const session = accept();
    const { cable } = this;
    cable.conn = session.connectionId;
    const { conn, client, user } = cable;
    this.stage.record({ k: 'open', conn, node: cable.node.name, c: client, user });
    const early = this.early ?? [];
    this.early = undefined;
    for (const frame of early) this.lines.toClient(frame);
    return { session };
  }

  sent(bytes: Uint8Array): string {
    const { text, frame } = read(bytes);
    if (this.early === undefined) this.lines.toClient(frame);
    else this.early.push(frame);
    return text;
  }

  received(text: string): void {
    this.lines.toServer(JSON.parse(text) as Frame);
  }
}
