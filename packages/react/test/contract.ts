import type { Schema } from '@thrum/protocol';

/** What an application's server offers; types alone. */
export interface App {
  readonly definition: {
    readonly channels: {
      readonly 'chat:{room}': {
        readonly events: {
          readonly message: Schema<{ text: string }>;
          readonly edited: Schema<{ at: string }, { at: Date }>;
        };
      };
      readonly news: object;
    };
    readonly methods: { readonly now: { readonly handler: () => number } };
  };
}

declare module '@thrum/react' {
  interface Register {
    app: App;
  }
}
