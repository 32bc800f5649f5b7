// Whom `wirestream connect` trusts, and what it says of the others.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@wirestream/node'
import { makeCertificate } from '@wirestream/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { expectOneComplaint, run } from './support/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'wirestream-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(text: string): string {
  const file = join(folder, 'ca.pem')
  writeFileSync(file, text)
  return file
}

const remedy = '(--ca FILE trusts it, --insecure takes any)'

describe('connect with TLS', () => {
  it('takes a certificate that --ca names, any with --insecure, and no other', async () => {
    const { cert, key } = makeCertificate(['localhost'])
    const file = fileOf(`A comment\n${makeCertificate(['elsewhere.example']).cert}\n${cert}`)
    await using server = await serve({ tls: { cert, key } }, (connection) => connection.close())
    const url = `wss://localhost:${server.port}`
    expect(await run(['connect', url, '--ca', file])).toMatchObject({ code: 0, stderr: 'closed: 1005\n' })
    expect(await run(['connect', url, '--insecure'])).toMatchObject({ code: 0, stderr: 'closed: 1005\n' })
    const refused = await run(['connect', url])
    expect(refused.code).toBe(1)
    const complaint = expectOneComplaint(refused)
    expect(complaint).toMatch(/certificate/)
    expect(complaint.endsWith(remedy)).toBe(true)
  })

  it('names no remedy that is none: a certificate for another host', async () => {
    const { cert, key } = makeCertificate(['elsewhere.example'])
    await using server = await serve({ tls: { cert, key } }, (connection) => connection.close())
    const refused = await run(['connect', `wss://localhost:${server.port}`, '--ca', fileOf(cert)])
    expect(refused.code).toBe(1)
    expect(expectOneComplaint(refused)).toMatch(/elsewhere\.example(?!.*--ca)/)
  })

  const { cert } = makeCertificate()
  const junk = '-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----\n'
  it.each([
    ['nothing', '', 'which has none'],
    ['no certificate', 'junk', 'which has none'],
    ['a certificate that is junk', junk, 'whose certificate 1 of 1 cannot be read'],
    ['one behind another that is junk', `${cert}\n${junk}`, 'whose certificate 2 of 2 cannot be read'],
    ['half a certificate', cert.slice(0, 200), 'whose certificate 1 of 1 cannot be read'],
  ])('refuses a --ca file of %s', async (_, text, complaint) => {
    const finished = await run(['connect', 'wss://localhost:1', '--ca', fileOf(text)])
    expect(finished).toMatchObject({ code: 2, stdout: '' })
    expect(expectOneComplaint(finished)).toContain('--ca must be a file of certificates in PEM')
    expect(expectOneComplaint(finished)).toContain(complaint)
  })
})
