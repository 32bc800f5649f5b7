// Law: docs/connection.md draws the closing table of the code, in words and as a picture, and nothing else.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ClosingEvent, type ClosingState, closingTable } from '../../src/connection/closing.ts'

const page = readFileSync(new URL('../../../../docs/connection.md', import.meta.url), 'utf8')

describe('the documented closing handshake is the one of the code', () => {
  test('the table: every state, event, next state and action', () => {
    expect(tableOf(page)).toEqual(flat())
  })

  test('the picture: every arrow between states with its events', () => {
    const arrows = new Set(flat().map(({ from, event, next }) => `${from} --> ${next}: ${event}`))
    expect(new Set(arrowsOf(page))).toEqual(arrows)
  })

  test('a page that differs in one action, one arrow or one state is caught', () => {
    expect(tableOf(page.replace('`ended`: abort', '`ended`'))).not.toEqual(flat())
    expect(tableOf(page.replace('| `failing` | | | | | `ended` |', '| `failing` | | | | | `open` |'))).not.toEqual(
      flat(),
    )
    expect(arrowsOf(page.replace('failing --> ended: end, timeout', 'failing --> ended: end'))).not.toEqual(
      arrowsOf(page),
    )
  })
})

interface Row {
  from: string
  event: string
  next: string
  actions: string[]
}

function flat(): Row[] {
  return Object.keys(closingTable).flatMap((from) =>
    Object.entries(closingTable[from as ClosingState]).map(([event, { next, actions }]) => ({
      from,
      event: event as ClosingEvent,
      next,
      actions: [...actions],
    }))
  ).sort(byName)
}

/** The rows of the first table whose head begins with `state`. */
function tableOf(text: string): Row[] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.startsWith('| state |'))
  const events = cells(lines[start]!).slice(1).map(unquoted)
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).flatMap((line) => {
    const [from, ...steps] = cells(line)
    return steps.flatMap((step, i) => {
      if (step === '') return []
      const [next, actions = ''] = step.split(': ')
      return [{
        from: unquoted(from!),
        event: events[i]!,
        next: unquoted(next!),
        actions: actions.split(', ').filter(Boolean),
      }]
    })
  }).sort(byName)
}

/** The arrows of the state diagram, one for each event. */
function arrowsOf(text: string): string[] {
  const diagram = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(text)![1]!
  return [...diagram.matchAll(/^ *(\w+) --> (\w+): (.+)$/gm)].flatMap(([, from, next, events]) =>
    events!.split(', ').map((event) => `${from} --> ${next}: ${event}`)
  )
}

function cells(line: string): string[] {
  return line.split('|').slice(1, -1).map((cell) => cell.trim())
}

function unquoted(text: string): string {
  return text.replaceAll('`', '')
}

function byName(a: Row, b: Row): number {
  return `${a.from} ${a.event}` < `${b.from} ${b.event}` ? -1 : 1
}
