import type { Client, Contract, ContractOf } from '@thrum/client';

/**
 * Tells the hooks about your application, once and for all of its components:
 * `declare module '@thrum/react' { interface Register { app: App } }`, with the `App` that `createClient` is given. Without
 * it any channel and any event is accepted.
 */
export interface Register {}

/** The contract behind {@link Register}. */
export type RegisteredContract = Register extends { readonly app: infer App } ? ContractOf<App> : Contract;

/** What the hooks work with. */
export type RegisteredClient = Client<RegisteredContract>;
