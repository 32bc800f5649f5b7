// Programs of others that our tests talk to. A machine without one skips its tests and says so; the CI run may not.

import { existsSync } from 'node:fs'
import process from 'node:process'

/** Peers from Debian, each with the file that shows that it is there. */
const peers = {
  chromium: '/usr/bin/chromium',
  'python3-websockets': '/usr/lib/python3/dist-packages/websockets/__init__.py',
}

/** A program of others. */
export type PeerName = keyof typeof peers

/** Whether a peer is installed. Throws where it must be: in the CI run no test may be left out. */
export function requirePeer(name: PeerName): boolean {
  const there = existsSync(peers[name])
  if (!there && process.env['CI']) {
    throw new Error(`Cannot test against ${name}: install it with apt-get install ${name}`)
  }
  return there
}
