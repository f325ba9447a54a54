import type { SocketClose } from '../web-socket.ts';
import { createEventReader } from './event-stream.ts';
import type { Downstream } from './http-socket.ts';
import { mayPass, post } from './wire.ts';
import type { Names } from './wire.ts';

/** Polls in a row that may fail before the session is given up for lost. */
const maxFailures = 3;
/** Milliseconds: a server answers after 25 seconds at the latest. */
const pollTimeout = 30_000;

/** `GET /connect/sse`: each frame is an event without a name. */
export const receiveEvents: Downstream = (wire) =>
  wire.ask('sse', undefined, async ({ status, body }) => {
    if (status !== 200 || !body) return undefined;
    let close: SocketClose | undefined;
    const decoder = new TextDecoder();
    const read = createEventReader((event, data) => {
      if (!event) wire.message(data);
      else if (event === 'thrum:open') wire.open(JSON.parse(data) as Names);
      else if (event === 'thrum:closed') close = JSON.parse(data) as SocketClose;
    });
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (!done) read(decoder.decode(value, { stream: true }));
      if (done || close) return close;
    }
  });

/** `POST /connect/poll`: each answer confirms, by its number, what the one before it brought. */
export const receivePolls: Downstream = async (wire) => {
  let isOpen = false;
  let ack = 0;
  for (let failures = 0; ;) {
    const [status, text] = await post(wire, 'poll', { ack }, pollTimeout);
    if (status === 200) {
      const { seq, frames, close, ...names } = JSON.parse(text) as PollAnswer;
      if (!isOpen) wire.open(names);
      isOpen = true;
      failures = 0;
      // What was not confirmed comes again.
      const first = seq - frames.length;
      frames.forEach((frame, index) => first + index >= ack && wire.message(frame));
      ack = Math.max(ack, seq);
      if (close) return close;
      // Somebody else may be answering, and at once.
      if (frames.length === 0) await wire.pause(0);
    } else {
      failures += 1;
      if (!isOpen || !mayPass(status) || failures > maxFailures) return undefined;
      await wire.pause(failures - 1);
    }
  }
};

interface PollAnswer extends Names {
  /** The number of its last frame. */
  readonly seq: number;
  readonly frames: readonly string[];
  readonly close?: SocketClose;
}
