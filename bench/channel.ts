const prefix = 'bench:';

/** The pattern of all channels, rooms and topics that are published to. */
export const channelPattern = `${prefix}{number}`;

export function channelName(number: number): string {
  return `${prefix}${number}`;
}

/** What one connection alone is subscribed to, besides all others' channels, to give it more than it takes. */
export const ballastChannel: string = `${prefix}ballast`;

/** The one that is there in every shape. */
export const channel: string = channelName(0);
