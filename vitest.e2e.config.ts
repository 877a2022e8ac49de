import { defineConfig } from 'vitest/config';

export default defineConfig({
  // A browser on a machine that is busy elsewhere may be late once; a fault of the page fails twice.
  test: { include: ['tests/e2e/**/*.e2e.ts'], testTimeout: 60_000, hookTimeout: 240_000, retry: 1 },
});
