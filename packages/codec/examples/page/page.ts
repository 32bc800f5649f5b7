// A page that decodes recorded bytes: choose a file of what a WebSocket server sent after its response head, and see its
// messages. No socket is involved; a file is a stream of bytes like any other. Bundle it as `page.js` and
// serve the folder, since browsers load no modules from `file:`:
// `esbuild page.ts --bundle --format=esm --outfile=page.js --servedir=. --serve=127.0.0.1:8000`.

import { FrameDecoderStream, MessageDecoderStream } from '@wirestream/codec'

const input = document.querySelector('input')!
const list = document.querySelector('ol')!
const status = document.querySelector('[role=status]')!

input.addEventListener('change', async () => {
  const file = input.files?.[0]
  if (!file) return
  list.replaceChildren()
  status.textContent = 'decoding …'
  try {
    const items = file.stream()
      .pipeThrough(new FrameDecoderStream({ role: 'client' })) // what a server sent has no mask
      .pipeThrough(new MessageDecoderStream())
    for await (const item of items) {
      const text = item.type === 'text'
        ? item.data
        : item.type === 'close'
        ? `${item.statusCode ?? 'no code'} ${item.reason}`
        : `${item.data.length} bytes`
      const line = document.createElement('li')
      line.textContent = `${item.type}: ${text}`
      list.append(line)
    }
    status.textContent = `${list.children.length} decoded`
  } catch (error) {
    // What came before a violation has been listed; the error says what was seen and what was wanted.
    status.textContent = String(error)
  }
})
