// An application sends to a peer in another process that reads slowly: patiently, and without waiting for anything.

import { withPrograms } from './processes.mjs'
import { meet } from './receive.mjs'
import { mib, Table } from './report.mjs'

const MiB = 2 ** 20
const SIZE = 65536
/** What may wait to go out, unless told otherwise. */
const MAX_QUEUED = 16 * MiB

export const about = '64 MiB to a peer that reads 8 MiB a second, patiently; and blindly, to a peer that reads nothing'

const cases = ['client', 'server'].flatMap((role) => ['writable', 'send'].map((through) => ({ role, through })))

/** Both roles, both ways to send; in short, eight times as fast. */
export async function run({ short, runs, report }) {
  const most = 16 + MAX_QUEUED / MiB
  const patient = new Table(report, ['as', 'through', 'chunks', 'growth', 'seconds', 'sum'])
  for (let i = 0; i < runs; i++) {
    for (const fresh of [false, true]) {
      // What the application itself makes and drops is the collector's affair: as much as it is without us.
      let plain = 0
      for (const each of [{ role: 'tcp', through: 'writable' }, ...cases]) {
        const figures = await measurePatient({ ...each, fresh, total: 64 * MiB, rate: (short ? 64 : 8) * MiB })
        const { role, through, growth, seconds, right } = figures
        const made = fresh ? 'fresh' : 'lent'
        patient.row(figures, [role, through, made, mib(growth), seconds.toFixed(1), right ? 'right' : 'WRONG'])
        if (role === 'tcp') plain = fresh ? growth : 0
        else {report.verdict(
            `grew by ${mib(growth)}, wanted at most ${mib(most + plain)}`,
            right && growth <= most + plain,
          )}
      }
    }
  }
  const blind = new Table(report, ['as', 'through', 'growth', 'refused at', 'with'])
  for (let i = 0; i < runs; i++) {
    for (const each of cases) {
      const figures = await measureBlind({ ...each, total: 1024 * MiB })
      const { role, through, growth, refused } = figures
      blind.row(figures, [role, through, mib(growth), mib(refused.at / MiB), `${refused.name}: ${refused.message}`])
      report.verdict(
        `a RangeError that names limits.maxQueued; grew by ${mib(growth)}`,
        refused.name === 'RangeError' && refused.message.includes('limits.maxQueued'),
      )
    }
  }
}

function measurePatient({ role, through, total, rate, fresh }) {
  return withPrograms(['application', 'peer'], async (application, peer) => {
    await meet(role, application, peer)
    await application.ask('watch')
    const pulling = peer.ask('pull', { total, rate, raw: role === 'tcp' })
    const began = performance.now()
    const sum = await application.ask('sendPatiently', { through, total, size: SIZE, fresh })
    const seconds = (performance.now() - began) / 1000
    const { growth } = await application.ask('growth')
    const receipt = await pulling
    return { case: `patient ${role} ${through}`, role, through, fresh, growth, seconds, right: receipt.sum === sum }
  })
}

function measureBlind({ role, through, total }) {
  return withPrograms(['application', 'peer'], async (application, peer) => {
    await meet(role, application, peer)
    await application.ask('watch')
    const refused = await application.ask('sendBlindly', { through, total, size: SIZE })
    const { growth } = await application.ask('growth')
    return { case: `blind ${role} ${through}`, role, through, growth, refused }
  })
}
