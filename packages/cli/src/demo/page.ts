// The page's files over plain HTTP. Nothing comes from anywhere else, and the page may load nothing else.

import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Read from the sources: the build copies nothing, and the package brings them along. */
const folder = new URL('../../src/demo/page/', import.meta.url)

const files: ReadonlyMap<string, readonly [name: string, type: string]> = new Map([
  ['/', ['index.html', 'text/html; charset=utf-8']],
  ['/icon.svg', ['icon.svg', 'image/svg+xml']],
  ['/page.css', ['page.css', 'text/css; charset=utf-8']],
  ['/page.js', ['page.js', 'text/javascript; charset=utf-8']],
])

/** Answers a plain HTTP request: the page's files, else 404. */
export async function servePage(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const file = files.get(request.url?.split('?')[0] ?? '')
  if (file === undefined) {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not Found\n')
    return
  }
  const [name, type] = file
  const body = await readFile(new URL(name, folder))
  response.writeHead(200, {
    'Content-Type': type,
    'Content-Security-Policy': `default-src 'self'; connect-src 'self' ws://${request.headers.host}`,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  }).end(body)
}
