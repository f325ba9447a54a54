import type { Handler } from './handler.ts';
import type { OperationId } from './operations.ts';
import { batch, notify, publish } from './publishing.ts';
import { channels, connections, disconnect, history, presence } from './reading.ts';

/** Every operation but that of the document itself. */
export type HandlerId = Exclude<OperationId, 'openapi'>;

export const handlers: Readonly<Record<HandlerId, Handler>> = {
  publish,
  batch,
  notify,
  history,
  presence,
  channels,
  connections,
  disconnect,
};
