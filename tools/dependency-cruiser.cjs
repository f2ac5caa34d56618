// The import table of docs/architecture.md as rules: imports go down, never up, and sideways only where this says so.
// Each folder lists what it may import besides itself; everything else under src/ is an error.
const table = {
  base: [],
  settings: ['base'],
  sip: ['base'],
  media: ['base'],
  tls: ['base'],
  accounts: ['base', 'settings', 'numbering'],
  numbering: ['base', 'settings', 'sip'],
  billing: ['base', 'settings', 'accounts', 'numbering'],
  guard: ['base', 'settings', 'accounts', 'sip'],
  registrar: ['base', 'settings', 'accounts', 'guard', 'sip'],
  call: ['base', 'settings', 'numbering', 'accounts', 'billing', 'guard', 'registrar', 'sip', 'media'],
  store: ['base', 'settings', 'accounts', 'billing', 'guard', 'registrar', 'call'],
  phone: ['base', 'sip', 'media'],
  doctor: ['base', 'settings', 'accounts'],
  api: ['doctor', 'base', 'settings', 'numbering', 'accounts', 'billing', 'guard', 'registrar', 'call'],
  cli: ['doctor', 'base', 'settings', 'accounts', 'billing', 'registrar', 'call', 'api', 'phone'],
  main: [
    'base',
    'settings',
    'sip',
    'media',
    'numbering',
    'tls',
    'accounts',
    'billing',
    'guard',
    'registrar',
    'call',
    'store',
    'phone',
    'doctor',
    'api',
    'cli',
  ],
};

const direction = Object.entries(table).map(([folder, allowed]) => ({
  name: `src/${folder} imports only ${allowed.join(', ') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${folder}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
}));

/** Folders whose second level is private: only index.ts may be imported from outside the top folder. */
const withIndex = ['sip', 'media'];

module.exports = {
  forbidden: [
    ...direction,
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'tests may use the kit, source may not',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|tools|bench)/' },
    },
    {
      name: 'sip and media know nothing of accounts, in tests either',
      severity: 'error',
      from: { path: `^src/(${withIndex.join('|')})/` },
      to: { path: '^src/', pathNot: `^src/(base|${withIndex.join('|')}|phone)/` },
    },
    {
      name: 'time and chance come in as parameters',
      comment: 'src/base/time and src/base/random hold the real ones; node:timers is for nobody else',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(base|main|cli|store|media|phone)/|\\.test\\.ts$' },
      to: { path: '^(node:)?timers' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs'] },
  },
};
