// The rules of the house, as pure functions over source text: each takes files and gives what breaks the rule, one line
// per fault. The tests feed them our sources, and bad samples too, so that each rule is known to be able to fail.

import { imports, type SourceFile, type Token, tokens } from './source.ts'

/** What each room may import from, by name; a room may always import from itself. Arrows point down only. */
export type Rooms = Readonly<Record<string, readonly string[]>>

/** The codec's rooms from the bottom up. `index` is the main entry, `adapter` the other: neither carries the other along. */
export const codecRooms: Rooms = {
  values: [],
  frame: ['values'],
  handshake: ['values'],
  message: ['values', 'frame'],
  streams: ['values', 'frame', 'message'],
  connection: ['values', 'frame', 'handshake', 'message'],
  adapter: ['values', 'handshake', 'connection'],
  index: ['values', 'frame', 'handshake', 'message', 'streams', 'connection'],
}

/** The manifest of a package, as far as the rules read it. */
export interface Manifest {
  name: string
  private?: boolean
  exports?: Record<string, unknown>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

const runtimeNames = new Set(['Buffer', 'process', 'Deno', 'Bun', 'require', 'global', '__dirname', '__filename'])
const globalObjects = new Set(['globalThis', 'self', 'window'])

/** Imports that leave a room for one that it may not know. */
export function upwardImports(files: SourceFile[], rooms: Rooms): string[] {
  const faults: string[] = []
  for (const { path, from, to, line } of arrows(files)) {
    const allowed = rooms[from]
    if (allowed === undefined) faults.push(`${path}: ${from} is no room of this house`)
    else if (from !== to && !allowed.includes(to)) faults.push(`${path}:${line}: ${from} must not import ${to}`)
  }
  return faults
}

/** Rings of rooms that import each other, each ring once. */
export function roomCycles(files: SourceFile[]): string[] {
  const graph = new Map<string, Set<string>>()
  for (const { from, to } of arrows(files)) {
    if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to))
  }
  const rings: string[] = []
  const done = new Set<string>()
  const visit = (room: string, way: string[]) => {
    if (way.includes(room)) rings.push([...way.slice(way.indexOf(room)), room].join(' → '))
    if (way.includes(room) || done.has(room)) return
    for (const next of graph.get(room) ?? []) visit(next, [...way, room])
    done.add(room)
  }
  for (const room of graph.keys()) visit(room, [])
  return rings
}

/** Imports from another package or a runtime, and the names of runtimes, outside comments and strings. */
export function runtimesNamed(files: SourceFile[]): string[] {
  const faults: string[] = []
  for (const { path, text } of files) {
    for (const { specifier, line } of imports(text)) {
      if (!specifier.startsWith('.')) faults.push(`${path}:${line}: imports ${specifier}`)
    }
    const all = tokens(text)
    for (const [i, token] of all.entries()) {
      if (token.kind !== 'identifier' || !runtimeNames.has(token.text)) continue
      const member = all[i - 1]?.text === '.' || all[i - 1]?.text === '?.'
      if (!member || globalObjects.has(all[i - 2]?.text ?? '')) {
        faults.push(`${path}:${token.line}: names ${token.text}`)
      }
    }
  }
  return faults
}

/** What the packages may be imported as: an entry of each for each of its exports. */
export function entriesOf(manifests: Manifest[]): string[] {
  return manifests.flatMap(({ name, exports = {} }) => Object.keys(exports).map((path) => name + path.slice(1)))
}

/** Imports of another of our packages by anything that is no entry of it, and relative imports that leave the package. */
export function deepImports(files: SourceFile[], entries: readonly string[]): string[] {
  const faults: string[] = []
  for (const { path, text } of files) {
    for (const { specifier, line } of imports(text)) {
      const deep = specifier.startsWith('@wirestream/') && !entries.includes(specifier)
      const outside = specifier.startsWith('.') && resolve(path, specifier).startsWith('..')
      if (deep || outside) faults.push(`${path}:${line}: imports ${specifier}`)
    }
  }
  return faults
}

/** What a published package needs at run time beside our own published packages. */
export function foreignDependencies(manifests: Manifest[]): string[] {
  const published = manifests.filter((manifest) => manifest.private !== true)
  const ours = new Set(published.map(({ name }) => name))
  return published.flatMap(({ name, dependencies, optionalDependencies, peerDependencies }) =>
    Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
      .filter((needed) => !ours.has(needed))
      .map((needed) => `${name}: needs ${needed}`)
  )
}

/** Files of more than `most` lines. */
export function longFiles(files: SourceFile[], most: number): string[] {
  return files
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) }))
    .filter(({ lines }) => lines > most)
    .map(({ path, lines }) => `${path}: ${lines} lines, wanted at most ${most}`)
}

/** Assignments of a function literal to a property: V8 makes such a function in its old space (decision 0020). */
export function functionsInProperties(files: SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const all = tokens(text)
    const puts = all.filter((token, i) =>
      /^(?:\?\?|\|\||&&)?=$/.test(token.text) && all[i - 2]?.text === '.' && isFunction(all, i + 1)
    )
    return puts.map(({ line }) => `${path}:${line} puts a function into a property`)
  })
}

/** Whether a function literal begins there. */
function isFunction(all: Token[], at: number): boolean {
  if (all[at]?.text === 'async' || all[at]?.text === 'function') return true
  if (all[at]?.text !== '(') return all[at + 1]?.text === '=>'
  let [end, depth] = [at, 0]
  do {
    if (all[end]?.text === '(') depth++
    if (all[end]?.text === ')') depth--
    end++
  } while (depth > 0 && end < all.length)
  return all[end]?.text === '=>' || all[end]?.text === ':'
}

/** Every relative import as an arrow between rooms. */
function* arrows(files: SourceFile[]): Iterable<{ path: string; from: string; to: string; line: number }> {
  for (const { path, text } of files) {
    for (const { specifier, line } of imports(text)) {
      if (specifier.startsWith('.')) yield { path, from: room(path), to: room(resolve(path, specifier)), line }
    }
  }
}

/** `frame/decoder.ts` is in the room `frame`; a file at the top is a room of its own, by its name. */
function room(path: string): string {
  return path.split('/')[0]!.replace(/\.ts$/, '')
}

/** Where a relative import leads, from the same folder as `path`; begins with `..` when it leaves that folder. */
function resolve(path: string, specifier: string): string {
  const parts = path.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
