// What the tests of several packages share. Each helper lives in a file of its own and is named here.

export * from './architecture.ts'
export * from './examples.ts'
export * from './source.ts'
