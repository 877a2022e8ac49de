import tseslint from 'typescript-eslint';

const CORE = ['sim', 'source', 'api', 'xds', 'envoy', 'world', 'lab'].map((folder) => `src/${folder}/**/*.ts`);
const globals = [
  ['Date', 'Take a Dispatcher: its nowMs is all the time there is.'],
  ['Promise', 'Give a callback and let the Dispatcher run it.'],
  ['console', 'Record a trace event or a diagnostic.'],
].map(([name, message]) => ({ name, message }));

export default tseslint.config(
  // Generated, and long because Envoy's API is: the generator is what is judged.
  { ignores: ['build/', '.svelte-kit/', 'out/', 'src/api/messages.ts', 'src/envoy/fidelity/simulated_fields.ts'] },
  { files: ['**/*.ts'], extends: [tseslint.configs.recommended] },
  {
    files: CORE,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', ...globals],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take a Random, and fork it by name.' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: ':function[async=true]', message: 'The core is synchronous: give a callback.' },
      ],
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60],
      'max-params': ['error', 5],
      complexity: ['error', 15],
    },
  },
  {
    // Code arrives before a run starts, never in one: here is where it is asked for, and nothing else is in the file.
    files: ['src/envoy/extensions/http_filters.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-restricted-globals': 'off' },
  },
);
