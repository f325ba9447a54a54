// Measured from the sources, so that an old build cannot pass for the present one.
const modifyRolldownConfig = (config) => ({
  ...config,
  platform: 'browser',
  // As an application's bundler does it: what the entry and a later chunk share stays in the entry.
  preserveEntrySignatures: 'allow-extension',
  resolve: { conditionNames: ['thrum:source', 'browser', 'import'] },
});

export default [
  {
    name: 'browser SDK: createClient with the protocol',
    path: 'packages/client/src/index.ts',
    import: '{ createClient }',
    // What it loads when it needs it is counted on its own.
    entry: 'index',
    limit: '7.16 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its transports over HTTP, loaded on demand',
    path: 'packages/client/src/fallback/index.ts',
    import: '{ createFallback }',
    limit: '2.75 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its MessagePack, loaded on demand',
    path: 'packages/client/src/codecs/msgpack.ts',
    import: '{ dress }',
    limit: '2.2 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its Protocol Buffers, loaded on demand',
    path: 'packages/client/src/codecs/protobuf.ts',
    import: '{ dress }',
    limit: '3.3 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its throttle and slowWhenHidden, on their own',
    path: 'packages/client/src/rate/index.ts',
    import: '{ slowWhenHidden, throttle }',
    limit: '0.7 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its persistence: indexedDbPersist, on its own',
    path: 'packages/client/src/persist/index.ts',
    import: '{ indexedDbPersist }',
    limit: '3.35 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its sharing between tabs: sharedWebSocket, on its own',
    path: 'packages/client/src/tabs/index.ts',
    import: '{ sharedWebSocket }',
    limit: '2.5 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'React hooks, all of them, without React and the SDK',
    path: 'packages/react/src/index.ts',
    ignore: ['react'],
    limit: '0.5 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'all of it in one application: SDK, transports over HTTP, sharing, hooks',
    import: {
      'packages/client/src/index.ts': '{ createClient }',
      'packages/client/src/tabs/index.ts': '{ sharedWebSocket }',
      'packages/react/src/index.ts':
        '{ ThrumProvider, useChannel, useConnection, useEvent, usePresence, useStatus }',
    },
    ignore: ['react'],
    limit: '12.3 KB',
    gzip: true,
    // JSON is spoken unless an application asks for another codec.
    modifyRolldownConfig: (config) => ({
      ...modifyRolldownConfig(config),
      external: (id) => id === 'react' || id.includes('/codecs/'),
    }),
  },
];
