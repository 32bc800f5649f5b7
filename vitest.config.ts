import { defineConfig } from 'vitest/config'

// Tests read the sources of our own packages; only the tests that start a process use what was built.
const conditions = ['@wirestream/source', 'module', 'node', 'development|production']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
    globalSetup: ['packages/testing/src/temporary-folder.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
