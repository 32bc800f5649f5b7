// The certificates that `--ca` names.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { UsageError } from './arguments.ts'

const BEGIN = /^(?=-----BEGIN [A-Z0-9 ]*CERTIFICATE-----)/m

/**
 * The text of a PEM file of which every certificate can be read. Throws `UsageError` for any other: TLS passes over what it
 * cannot read, and would blame the server's certificate for it.
 */
export function readCertificates(file: string): string {
  const text = readText(file)
  const certificates = text.split(BEGIN).filter((part) => BEGIN.test(part))
  const wrong = (why: string) =>
    new UsageError(`--ca must be a file of certificates in PEM, got ${JSON.stringify(file)}, ${why}`)
  if (certificates.length === 0) throw wrong('which has none')
  const broken = certificates.findIndex((certificate) => !isReadable(certificate))
  if (broken < 0) return text
  throw wrong(`whose certificate ${broken + 1} of ${certificates.length} cannot be read`)
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(certificate) !== undefined
  } catch {
    return false
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(`--ca must be a file that can be read, got ${JSON.stringify(file)} (${code})`)
  }
}
