// The page of the demo: one connection is echoed, a second one tells what the server's codec saw on the first.

const MOST_ROWS = 500

const state = document.querySelector('#state')
const toggle = document.querySelector('#toggle')
const form = document.querySelector('#form')
const text = document.querySelector('#text')
const messages = document.querySelector('#messages')
const frames = document.querySelector('#frames')

/** @type {WebSocket | undefined} */
let echo
/** @type {WebSocket | undefined} */
let feed

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const binary = event.submitter?.name === 'binary'
  send(binary ? new TextEncoder().encode(text.value) : text.value)
  text.select()
})
document.querySelector('#large').addEventListener('click', () => send(new Uint8Array(2 ** 20)))
toggle.addEventListener('click', () => echo === undefined ? connect() : echo.close(1000, 'the page closed it'))
connect()

/** The second connection first, so that it sees the first one's beginning. */
function connect() {
  show('connecting', 'connecting …')
  const name = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join('')
  const url = `ws://${location.host}/`
  feed?.close()
  feed = new WebSocket(`${url}?watch=${name}`, 'wirestream.frames')
  feed.addEventListener('message', ({ data }) => JSON.parse(data).forEach(addFrame))
  feed.addEventListener('error', () => show('closed', 'not connected'))
  feed.addEventListener('open', () => {
    echo = new WebSocket(`${url}?name=${name}`)
    echo.binaryType = 'arraybuffer'
    echo.addEventListener('open', () => show('open', 'connected'))
    echo.addEventListener('message', ({ data }) => addMessage('echo', data))
    echo.addEventListener('close', ({ code, reason }) => {
      echo = undefined
      addMessage('note', `closed with ${code}${reason && `: ${reason}`}`)
      show('closed', `closed with ${code}`)
    })
  })
}

/** @param {'connecting' | 'open' | 'closed'} name @param {string} words */
function show(name, words) {
  state.dataset.state = name
  state.textContent = words
  toggle.textContent = name === 'closed' ? 'Connect' : 'Close'
  toggle.disabled = name === 'connecting'
  for (const button of form.querySelectorAll('button')) button.disabled = name !== 'open'
}

/** @param {string | Uint8Array} data */
function send(data) {
  if (echo?.readyState !== WebSocket.OPEN) return
  echo.send(data)
  addMessage('sent', data)
}

/** @param {string} label @param {string | ArrayBuffer | Uint8Array} data */
function addMessage(label, data) {
  const item = document.createElement('li')
  item.dataset.label = label
  item.textContent = typeof data === 'string' ? data : `binary, ${data.byteLength.toLocaleString('en')} bytes`
  append(messages, item, messages)
}

/** @param {{ direction: 'in' | 'out', opcode: string, fin: boolean, length: number, start: string, missed?: number }} frame */
function addFrame({ direction, opcode, fin, length, start, missed }) {
  const row = document.createElement('tr')
  if (missed !== undefined) {
    const cell = row.insertCell()
    cell.colSpan = 5
    cell.textContent = `… ${missed} more frames, too fast to show`
  } else {
    row.className = direction
    const arrow = direction === 'in' ? '→ in' : '← out'
    for (const words of [arrow, opcode, fin ? '1' : '0', length.toLocaleString('en'), start]) {
      row.insertCell().textContent = words
    }
    row.cells[3].className = 'number'
  }
  append(frames, row, frames.closest('.scroll'))
}

/** Adds at the end, lets the oldest go, and keeps the end in view. */
function append(list, item, view) {
  list.append(item)
  while (list.children.length > MOST_ROWS) list.firstElementChild.remove()
  view.scrollTop = view.scrollHeight
}
