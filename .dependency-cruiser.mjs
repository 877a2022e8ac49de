/** What each folder may import besides itself: ARCHITECTURE.md's table as data. The rules below are made from it. */
const LAYERS = {
  sim: [],
  source: [],
  api: ['source'],
  xds: ['source', 'api'],
  envoy: ['sim', 'source', 'api', 'xds'],
  cel: ['api', 'envoy'],
  jose: ['api', 'envoy'],
  lua: ['api', 'envoy'],
  world: ['sim', 'source', 'api', 'xds', 'envoy'],
  lab: ['source', 'api', 'world'],
  cli: ['sim', 'source', 'api', 'xds', 'envoy', 'world', 'lab', 'cel', 'jose', 'lua'],
  workers: ['sim', 'source', 'api', 'xds', 'envoy', 'world', 'lab', 'cel', 'jose', 'lua'],
};
const CORE = ['sim', 'source', 'api', 'xds', 'envoy', 'cel', 'jose', 'lua', 'world', 'lab'];
const SHELL = ['lib', 'routes'];

const layerRules = Object.entries(LAYERS).map(([folder, allowed]) => ({
  name: `${folder}-imports-only-below`,
  severity: 'error',
  comment: `${folder} may import ${allowed.join(', ') || 'nothing'} besides itself: move the code, or take what it needs as an argument.`,
  from: { path: `^src/${folder}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: [`^src/${folder}/`, ...allowed.map((one) => `^src/${one}/`), '\\?url$'] },
}));

const frontDoorRules = CORE.map((folder) => ({
  name: `${folder}-only-by-its-front-door`,
  severity: 'error',
  comment: `Import #${folder}; what is not there is nobody else's business.`,
  from: { path: '^src/', pathNot: [`^src/${folder}/`] },
  to: {
    path: `^src/${folder}/`,
    pathNot: [`^src/${folder}/index\\.ts$`, '^src/lab/judge\\.ts$', '\\.binpb', '-docs\\.json'],
  },
}));

export default {
  forbidden: [
    ...layerRules,
    ...frontDoorRules,
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Take the shared part out, or pass it in.',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'pages-reach-the-engine-only-by-the-worker',
      severity: 'error',
      comment: 'Ask the worker: lib/simulation.ts.',
      from: { path: `^src/(${SHELL.join('|')})/` },
      to: { path: '^src/workers/', pathNot: '\\.worker\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'pages-know-only-types-of-the-engine',
      severity: 'error',
      comment: 'Ask the worker: lib/simulation.ts.',
      from: { path: `^src/(${SHELL.join('|')})/` },
      to: { path: '^src/(sim|api|xds|envoy|world)/|^src/lab/judge', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'extensions-do-not-know-each-other',
      severity: 'error',
      comment: 'Put the common part into envoy/matching, http or router.',
      from: { path: '^src/envoy/extensions/(?:filters/[^/]+|[^/]+)/([^/]+)/' },
      to: {
        path: '^src/envoy/extensions/(?:filters/[^/]+|[^/]+)/([^/]+)/',
        pathNot: '^src/envoy/extensions/(?:filters/[^/]+|[^/]+)/$1/',
      },
    },
    {
      name: 'the-data-plane-names-no-extension',
      severity: 'error',
      comment: 'The registry comes down as an argument.',
      from: {
        path: '^src/envoy/',
        pathNot: ['^src/envoy/extensions/', '^src/envoy/(envoy|index)\\.ts$', '\\.test\\.ts$'],
      },
      to: { path: '^src/envoy/extensions/' },
    },
    {
      name: 'no-node-in-the-core',
      severity: 'error',
      comment: 'The core runs in browsers too.',
      from: { path: `^src/(${CORE.join('|')})/`, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: '\\.svelte-kit',
    enhancedResolveOptions: { conditionNames: ['import', 'types', 'default'], exportsFields: ['exports'] },
    detectProcessBuiltinModuleCalls: false,
  },
};
