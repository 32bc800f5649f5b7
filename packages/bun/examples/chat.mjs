// A chat server with rooms: `ws://127.0.0.1:8080/ROOM?name=NAME`. Whoever connects joins; what happens in a room goes to all of
// its members, one JSON object a message:
//
//   { "joined": "Ann", "members": ["Ann", "Bob"] }    { "from": "Ann", "text": "hello" }    { "left": "Ann" }
//
// Each message is encoded once, however many members there are. Nobody waits for a slow member: what it has not taken waits
// for it, up to 256 KiB; then it is closed with 4008, and cut ten seconds later where it does not even read that. So no member
// costs more than that much memory. Whoever sends is held to its own pace: its next message is read when there is room
// for the last one on its own way back.

import { prepareMessage, serve } from '@wirestream/bun'
import process from 'node:process'
import { parseArgs } from 'node:util'

/** @import { Connection } from '@wirestream/bun' */

const help = `Usage: chat.mjs [options]
A chat server. Members connect to ws://HOST:PORT/ROOM?name=NAME and send texts; all in the room get them.

  --port NUMBER      where to listen; 0 takes a free port (default: 8080)
  --hostname NAME    the address to listen on (default: 127.0.0.1, so that only this machine gets in)
  --origin ORIGIN    pages of this origin may connect, such as https://chat.example; may be given several times`

const MOST_MEMBERS = 100
const NOT_TEXT = 4003
const TOO_SLOW = 4008

const limits = {
  maxMessageSize: 4096, // a longer message ends its sender's connection with 1009
  maxQueued: 256 * 1024, // what may wait for a slow member
}

/**
 * The rooms that have members, by name; each member's name by its connection.
 * @type {Map<string, Map<Connection, string>>}
 */
const rooms = new Map()

/**
 * What a request's target asks for, such as `/lobby?name=Ann`; undefined where it lacks something.
 * @param {string} target
 */
function parseTarget(target) {
  const url = new URL(target.startsWith('/') ? `ws://chat${target}` : target)
  const room = url.pathname.slice(1)
  const name = url.searchParams.get('name') ?? ''
  // A name is shown to others: no control characters, nor those that turn the direction of a text.
  return /^[\w.~%-]{1,64}$/.test(room) && /^\P{C}{1,32}$/u.test(name) ? { room, name } : undefined
}

/**
 * Whether a client may join; if not, what to answer.
 * @param {string} target
 */
function admit(target) {
  const place = parseTarget(target)
  if (place === undefined) return { status: 404, body: 'want /ROOM?name=NAME\n' }
  const full = (rooms.get(place.room)?.size ?? 0) >= MOST_MEMBERS
  return full ? { status: 503, body: `a room takes ${MOST_MEMBERS} members\n` } : true
}

/**
 * Sends an event to every member and waits for none of them. Gives the promise of `sender`, for whoever wants to wait for that one.
 * @param {Map<Connection, string>} room
 * @param {object} event
 * @param {Connection} [sender]
 */
function broadcast(room, event, sender) {
  const message = prepareMessage(JSON.stringify(event))
  let own
  for (const member of room.keys()) {
    // `send` rejects where more than `maxQueued` would wait, or after the member's end; then `close` does nothing.
    const sent = member.send(message).catch(() => member.close({ closeCode: TOO_SLOW, reason: 'you read too slowly' }))
    if (member === sender) own = sent
  }
  return own
}

/**
 * A member's life in a room.
 * @param {Connection} connection
 * @param {string} roomName
 * @param {string} name
 */
async function takePart(connection, roomName, name) {
  const room = rooms.get(roomName) ?? new Map()
  rooms.set(roomName, room.set(connection, name))
  try {
    broadcast(room, { joined: name, members: [...room.values()] })
    for await (const text of connection.readable) {
      if (typeof text !== 'string') return connection.close({ closeCode: NOT_TEXT, reason: 'want text messages' })
      await broadcast(room, { from: name, text }, connection)
    }
  } finally {
    room.delete(connection)
    if (room.size === 0) rooms.delete(roomName)
    broadcast(room, { left: name })
  }
}

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8080' },
      hostname: { type: 'string', default: '127.0.0.1' },
      origin: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  })
  if (values.help) return console.log(help)

  // Ctrl-C closes every connection with 1001 and ends; a second one ends at once.
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())

  const listener = await serve({
    port: Number(values.port),
    hostname: values.hostname,
    allowedOrigins: values.origin ?? [],
    accept: ({ target }) => admit(target),
    limits,
    keepAlive: { interval: 30_000 }, // a member that vanished without a word leaves within a minute
    signal: stop.signal,
  }, async (connection, { target }) => {
    const place = parseTarget(target)
    if (place !== undefined) await takePart(connection, place.room, place.name)
  })
  console.log(`listening on ${listener.url}/ROOM?name=NAME`)
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`chat: ${error.message}`)
  process.exitCode = 1
})
