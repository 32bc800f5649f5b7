// How many connections the system lets one process have.

import { readFileSync } from 'node:fs'

/** For the sockets and files that every process has beside its connections. */
const RESERVED = 200

/** So many connections fit into one process: servers and the load raise their limit of open files to the hard one by themselves. */
export function connectionsAllowed(): number {
  try {
    const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))!
    return hard === 'unlimited' ? Infinity : Number(hard) - RESERVED
  } catch {
    return Infinity // not Linux: opening them will tell
  }
}
