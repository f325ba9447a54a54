export { MemoryClient as TestClient } from '@thrum/testkit';
export type { Frame, MemoryClientOptions as ClientOptions } from '@thrum/testkit';
