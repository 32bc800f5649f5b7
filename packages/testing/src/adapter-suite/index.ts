// The one suite that every adapter passes in its own runtime: the same tests, import aside.

import type { Adapter, RawAdapter, SuiteTest, Tests } from './adapter.ts'
import { byteStreamTests, closingTests, endTests } from './ends.ts'
import { faultTests, plainTests } from './faults.ts'
import { messageTests } from './messages.ts'
import { type NodeHttpAdapter, nodeHttpTests } from './node-http.ts'
import type { Transport } from './support.ts'
import { webSocketStreamTests } from './websocket-stream.ts'

export type { Adapter, SuiteTest } from './adapter.ts'
export { type Result, runTests } from './runner.ts'

const transports: readonly Transport[] = ['tcp', 'tls', 'unix']

/** Every test for an adapter; those of plain requests and of `node:http` where the adapter can. */
export function adapterTests(
  adapter: Adapter,
  { raw, upgrade }: { raw?: RawAdapter; upgrade?: NodeHttpAdapter['upgrade'] } = {},
): SuiteTest[] {
  return [
    ...transports.flatMap((transport) => bind(messageTests(transport), adapter, `${transport}: `)),
    ...transports.flatMap((transport) => bind(closingTests(transport), adapter, `${transport}: `)),
    ...bind(byteStreamTests, adapter),
    ...bind(endTests, adapter),
    ...bind(faultTests, adapter),
    ...bind(webSocketStreamTests, adapter),
    ...(raw === undefined ? [] : bind(plainTests, raw)),
    ...(upgrade === undefined ? [] : bind(nodeHttpTests, { ...adapter, upgrade })),
  ]
}

/** The names of the tests of an adapter over raw sockets, with `node:http` beside it. */
export function rawAdapterTestNames(): string[] {
  const nothing = {} as Adapter
  return adapterTests(nothing, { raw: nothing, upgrade: () => Promise.reject(new Error('never called')) }).map((
    { name },
  ) => name)
}

function bind<A>(tests: Tests<A>, adapter: A, prefix = ''): SuiteTest[] {
  return Object.entries(tests).map(([name, test]) => ({ name: prefix + name, run: () => test(adapter) }))
}
