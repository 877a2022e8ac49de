import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { gzipAssets, monacoStylesOnDemand, workerFiles } from './scripts/vite_plugins.mjs';

export default defineConfig({
  // Fengari asks for it in its first line, and a browser has no `process`.
  define: { 'process.env.FENGARICONF': 'undefined' },
  plugins: [gzipAssets(), monacoStylesOnDemand(), workerFiles(), sveltekit()],
  worker: {
    format: 'es',
    plugins: () => [gzipAssets()],
    // The engine is one file, with what it shares with the libraries that come later: two would be fetched one after the other.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'engine', test: /workers\/engine\.ts$/ }] } } },
  },
});
