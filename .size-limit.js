export default [
  {
    name: 'browser SDK: createClient with the protocol',
    path: 'packages/client/src/index.ts',
    import: '{ createClient }',
    limit: '6.3 KB',
    gzip: true,
    // Measured from the sources, so that an old build cannot pass for the present one.
    modifyRolldownConfig: (config) => ({
      ...config,
      platform: 'browser',
      resolve: { conditionNames: ['thrum:source', 'browser', 'import'] },
    }),
  },
];
