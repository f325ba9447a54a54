// Measured from the sources, so that an old build cannot pass for the present one.
const modifyRolldownConfig = (config) => ({
  ...config,
  platform: 'browser',
  resolve: { conditionNames: ['thrum:source', 'browser', 'import'] },
});

export default [
  {
    name: 'browser SDK: createClient with the protocol',
    path: 'packages/client/src/index.ts',
    import: '{ createClient }',
    limit: '6.72 KB',
    gzip: true,
    modifyRolldownConfig,
  },
  {
    name: 'its persistence: indexedDbPersist, on its own',
    path: 'packages/client/src/persist/index.ts',
    import: '{ indexedDbPersist }',
    limit: '3 KB',
    gzip: true,
    modifyRolldownConfig,
  },
];
