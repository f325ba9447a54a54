import { channelName } from './channel.ts';

/** How subscribers are spread over channels: `1x1000`, `1000x1`, `100x100`. */
export interface Shape {
  readonly channels: number;
  /** Of each channel; so many deliveries has one publication. */
  readonly subscribers: number;
}

/**
 * With one subscriber a channel each has a connection of its own. With several, each connection holds all channels, so that
 * publications on several channels meet in one connection.
 */
export function connectionsOf({ channels, subscribers }: Shape): number {
  return subscribers === 1 ? channels : subscribers;
}

/** The channels that connection `index` subscribes to. */
export function channelsOf({ channels, subscribers }: Shape, index: number): readonly string[] {
  if (subscribers === 1) return [channelName(index % channels)];
  return Array.from({ length: channels }, (_, number) => channelName(number));
}

/** How many of `published` publications, which go round the channels from the first on, connection `index` must get. */
export function expectedAt({ channels, subscribers }: Shape, index: number, published: number): number {
  if (subscribers > 1) return published;
  return Math.floor(published / channels) + (index < published % channels ? 1 : 0);
}

export function formatShape({ channels, subscribers }: Shape): string {
  return `${counted(channels, 'channel')} × ${counted(subscribers, 'subscriber')}`;
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
