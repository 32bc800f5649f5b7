// What the tests of several packages share. Each helper lives in a file of its own and is named here.

export * from './adapter-suite/in-runtime.ts'
export { throughProxy } from './adapter-suite/proxy.ts'
export * from './architecture.ts'
export * from './certificate.ts'
export * from './examples.ts'
export * from './peers/chromium.ts'
export * from './peers/python.ts'
export * from './peers/require-peer.ts'
export * from './peers/ws.ts'
export * from './sockets.ts'
export * from './source.ts'
export { assembleWat } from './wat.ts'
