// The rings of ARCHITECTURE.md: protocol ← core ← edges, protocol ← client ← console. Tests, bench, e2e and scripts
// may import anything; scripts/rings.ts plants a violation of each rule and sees it fire.
const tests = '\\.test\\.tsx?$|^packages/[^/]+/test/';
const production = { path: '^packages/[^/]+/src/', pathNot: tests };

/** Code of `path` may import nothing but `allowed`. */
const only = (name, comment, path, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path, pathNot: tests },
  to: { pathNot: allowed },
});

/** No production code but that of `except` may import `path`. */
const nobody = (name, comment, path, except) => ({
  name,
  comment,
  severity: 'error',
  from: { ...production, pathNot: [tests, ...except] },
  to: { path },
});

export default {
  forbidden: [
    only(
      'protocol-imports-nothing',
      'Every other package stands on the protocol.',
      '^packages/protocol/src/',
      '^packages/protocol/src/',
    ),
    only(
      'core-imports-protocol',
      'The core is pure: hosts reach it through its ports.',
      '^packages/core/src/',
      '^packages/(core|protocol)/src/',
    ),
    only(
      'client-imports-protocol',
      'The SDK runs in browsers and is counted in bytes.',
      '^packages/client/src/',
      '^packages/(client|protocol)/src/',
    ),
    only(
      'feature-server-imports-core',
      'The server half of a feature stands on the core, never on an edge or another feature.',
      '^packages/typing/src/server/',
      '^packages/(typing/src/(server/|messages\\.ts$)|(core|protocol)/src/)',
    ),
    only(
      'feature-client-imports-client',
      'The client half of a feature stands on the SDK.',
      '^packages/typing/src/client/',
      '^packages/(typing/src/(client/|messages\\.ts$)|(client|protocol)/src/)',
    ),
    only(
      'feature-messages-import-protocol',
      'What both halves share may pull in neither side.',
      '^packages/typing/src/[^/]+$',
      '^packages/(typing/src/[^/]+$|protocol/src/)',
    ),
    {
      name: 'react-imports-client',
      comment: 'The hooks are subscribers of the SDK and nothing else.',
      severity: 'error',
      from: { path: '^packages/react/src/', pathNot: tests },
      to: { path: '^packages/', pathNot: '^packages/(react|client)/src/' },
    },
    {
      name: 'console-imports-client',
      comment: 'The console is a user of the SDK like any other.',
      severity: 'error',
      from: { path: '^packages/console/src/', pathNot: tests },
      to: {
        path: '^packages/',
        pathNot: '^packages/(console|client|protocol|typing/src/(client/|messages\\.ts$))',
      },
    },
    nobody(
      'nobody-imports-server',
      'The server composes; it is nobody\u2019s library.',
      '^packages/server/',
      ['^packages/(server|testkit)/'],
    ),
    nobody('nobody-imports-console', 'The console is an end.', '^packages/console/', ['^packages/console/']),
    nobody('nobody-imports-conformance', 'Suites are for tests.', '^packages/conformance/', [
      '^packages/conformance/',
    ]),
    nobody('nobody-imports-testkit', 'The testkit is for tests.', '^packages/testkit/', [
      '^packages/(testkit|conformance)/',
    ]),
    {
      name: 'packages-by-name',
      comment: 'A package is entered by its exports, not by a path into its insides.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'no-tests-in-production',
      comment: 'A test is never imported by what it tests.',
      severity: 'error',
      from: production,
      to: { path: tests },
    },
    {
      name: 'no-cycle',
      comment: 'Types included: a cycle of types is a module that is really two or really one.',
      severity: 'error',
      from: { path: '^packages/(protocol|core|client)/src/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'An import that does not resolve escapes every other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\.css$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['thrum:source', 'types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.jsx', '.d.ts'],
    },
  },
};
