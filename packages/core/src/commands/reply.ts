import type { FrameId } from '@thrum/protocol';
import type { User } from '../channel/definition.ts';
import { ThrumError } from '../errors.ts';

/** The `id` of a frame, to be spread into its answer. */
export function idOf({ id }: { readonly id?: FrameId }): { readonly id?: FrameId } {
  return id === undefined ? {} : { id };
}

/**
 * Who sends a frame that the state table let in.
 * @throws ThrumError `authentication_required`, should it ever be called for anyone else.
 */
export function userOf(connection: { readonly user: User | undefined }): User {
  if (connection.user === undefined) throw new ThrumError('authentication_required');
  return connection.user;
}
