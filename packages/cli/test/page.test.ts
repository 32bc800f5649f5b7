// The demo's page in a real browser: whoever types a message sees its echo, and each frame as the server's codec saw it.

import { chromium, requirePeer } from '@wirestream/testing'
import { describe, expect, it } from 'vitest'
import { DemoServer } from '../src/demo/server.ts'

/** A row of the table of frames: direction, opcode, FIN, length, first bytes. */
type Row = [direction: string, opcode: string, fin: string, length: string, start: string]

describe.skipIf(!requirePeer('chromium'))('the page in Chromium', () => {
  it('shows the echo of what was typed, and every frame of it', async () => {
    const server = await DemoServer.listen(0)
    await using browser = await chromium()
    try {
      const page = await browser.open(server.pageUrl)
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(String(error)))
      page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())))
      const rows = () =>
        page.locator('#frames tr').evaluateAll((all) =>
          all.map((row) =>
            Array.from((row as unknown as { cells: { innerText: string }[] }).cells, (cell) => cell.innerText) as Row
          )
        )

      await page.getByText('connected', { exact: true }).waitFor()
      await page.getByRole('textbox', { name: 'Message' }).fill('Grüße')
      await page.keyboard.press('Enter')
      await page.locator('li[data-label=echo]', { hasText: 'Grüße' }).waitFor()
      await page.getByRole('button', { name: 'Send binary' }).click()
      await page.locator('li[data-label=echo]', { hasText: 'binary, 7 bytes' }).waitFor()
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByText('closed with 1000', { exact: true }).waitFor()
      await page.locator('#frames tr').nth(5).waitFor()

      const start = '47 72 c3 bc c3 9f 65'
      const close = '03 e8 74 68 65 20 70 61'
      expect(await rows()).toEqual([
        ['→ in', 'Text', '1', '7', start],
        ['← out', 'Text', '1', '7', start],
        ['→ in', 'Binary', '1', '7', start],
        ['← out', 'Binary', '1', '7', start],
        ['→ in', 'Close', '1', '20', close],
        ['← out', 'Close', '1', '20', close],
      ])
      expect(faults).toEqual([])

      await page.getByRole('button', { name: 'Connect' }).click()
      await page.getByText('connected', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Send 1 MiB' }).click()
      await page.locator('li[data-label=echo]', { hasText: 'binary, 1,048,576 bytes' }).waitFor()
      expect(faults).toEqual([])
    } finally {
      await server.close()
    }
  })
})
