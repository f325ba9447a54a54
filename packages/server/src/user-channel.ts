import type { ChannelDefinition } from '@thrum/core';

const pattern = 'user:{id}';

/** What `publishToUser` publishes to: only this user may subscribe and read, and only the server publishes. */
const userChannel: ChannelDefinition<typeof pattern> = {
  tier: 'recoverable',
  authorize: ({ user, params, action }) =>
    !user.anonymous && user.id === params.id && (action === 'subscribe' || action === 'history'),
};

/** The definitions with `user:{id}`, unless the application has its own for these names. */
export function withUserChannel(
  channels: Readonly<Record<string, ChannelDefinition>>,
): Readonly<Record<string, ChannelDefinition>> {
  const isDefined = Object.keys(channels).some((name) => /^user:\{[^{}*]+\}$/.test(name));
  return isDefined ? channels : { ...channels, [pattern]: userChannel as ChannelDefinition };
}

/** The channel of one user. */
export function userChannelOf(userId: string): `user:${string}` {
  return `user:${userId}`;
}
