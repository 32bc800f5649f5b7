// Law 6, sending: who waits for room needs little memory however slow the peer is, and who does not gets an error in time.

import { expect, test } from 'vitest'
import { measure, PATIENCE } from './figures.ts'

interface Sent {
  fresh: boolean
  growth: number
  right: boolean
  refused: { name: string; message: string; at: number }
}

const MiB = 2 ** 20
const MAX_QUEUED = 16 * MiB // unless told otherwise

test('64 MiB sent patiently take little memory; sent blindly they meet limits.maxQueued', async () => {
  const cases = await measure<Sent>('send')
  const patient = cases.filter((each) => each.case.startsWith('patient'))
  const blind = cases.filter((each) => each.case.startsWith('blind'))
  const ways = ['client writable', 'client send', 'server writable', 'server send']
  expect(blind.map((each) => each.case)).toEqual(ways.map((way) => `blind ${way}`))
  expect(new Set(patient.map((each) => each.case))).toEqual(
    new Set(['tcp writable', ...ways].map((way) => `patient ${way}`)),
  )
  for (const { case: name, fresh, growth, right } of patient) {
    // Chunks in memory of their own are the application's garbage, of which 32 MiB pile up without us too.
    const most = fresh ? 60 : 32
    expect(growth, `growth in MiB, ${name}, ${fresh ? 'fresh' : 'lent'} chunks`).toBeLessThan(most)
    expect(right, `the sum of what arrived, ${name}`).toBe(true)
  }
  for (const { case: name, growth, refused } of blind) {
    expect(refused, name).toMatchObject({ name: 'RangeError', message: expect.stringContaining('limits.maxQueued') })
    expect(refused.at, `bytes sent before it was told, ${name}`).toBeLessThan(MAX_QUEUED + 48 * MiB) // as above
    expect(growth, `growth in MiB, ${name}`).toBeLessThan(80)
  }
}, PATIENCE)
