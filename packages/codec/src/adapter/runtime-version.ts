// A runtime that is too old is told as that, before it fails in some way that nobody understands.

/** Throws a `NotSupportedError` `DOMException` unless `version`, such as `2.9.6`, is `oldest`, such as `2.0`, or younger. */
export function requireVersion(runtime: string, version: string, oldest: string): void {
  const [major = 0, minor = 0] = version.split('.').map((part) => parseInt(part, 10))
  const [oldestMajor = 0, oldestMinor = 0] = oldest.split('.').map(Number)
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return
  throw new DOMException(`Cannot use ${runtime} ${version}: want ${oldest} or newer`, 'NotSupportedError')
}
