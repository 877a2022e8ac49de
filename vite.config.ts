import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { gzipAssets, monacoStylesOnDemand, workerFiles } from './scripts/vite_plugins.mjs';

export default defineConfig({
  plugins: [gzipAssets(), monacoStylesOnDemand(), workerFiles(), sveltekit()],
  worker: { format: 'es', plugins: () => [gzipAssets()] },
});
