export { ThrumProvider, useClient, useConnection } from './provider.ts';
export type { ThrumProviderProps } from './provider.ts';
export { useChannel, useEvent, usePresence, useStatus } from './channel.ts';
export type { Register, RegisteredClient, RegisteredContract } from './register.ts';
