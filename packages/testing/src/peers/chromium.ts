// Debian's Chromium, driven by playwright-core, without the network.

import type { Page } from 'playwright-core'

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--ignore-certificate-errors',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost',
]

/** A running browser. */
export interface Chromium {
  /** Opens a page; certificates are not looked at. */
  open(url: string): Promise<Page>
  [Symbol.asyncDispose](): Promise<void>
}

/** Starts Chromium with a fresh profile; Debian's unless told which. */
export async function chromium(executablePath = '/usr/bin/chromium'): Promise<Chromium> {
  const playwright = await import('playwright-core')
  const browser = await playwright.chromium.launch({ executablePath, args: ARGS })
  return {
    async open(url) {
      const page = await browser.newPage({ ignoreHTTPSErrors: true })
      await page.goto(url)
      return page
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}
