// How a terminal or a service manager asks the program to stop. The second time it does, the system ends it.

import process from 'node:process'

const names = ['SIGINT', 'SIGTERM'] as const

/** Calls `stop` at the first request, and tells a terminal that what follows may take a while; the returned function forgets it. */
export function onStop(stop: (signal: NodeJS.Signals) => void): () => void {
  const forget = () => {
    for (const name of names) process.off(name, heed)
  }
  const heed = (signal: NodeJS.Signals) => {
    forget()
    if (process.stderr.isTTY) process.stderr.write('closing; Ctrl-C again ends at once\n')
    stop(signal)
  }
  for (const name of names) process.on(name, heed)
  return forget
}

/** Resolves at the first request. */
export function stopRequested(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => void onStop(resolve))
}
