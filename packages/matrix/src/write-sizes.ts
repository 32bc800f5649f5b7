// `npm run sizes`: weighs every entry and writes the report into the README; `-- --modules` shows what weighs in each.

import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { entries, readReadme, report, weigh, withReport } from './sizes.ts'

const sizes = await Promise.all(entries.map(weigh))
const { path, text } = readReadme()
writeFileSync(path, withReport(text, report(sizes)))
console.log(report(sizes))
if (process.argv.includes('--modules')) {
  for (const { entry, modules } of sizes) {
    console.log(`\n${entry.title}`)
    for (const [path, bytes] of modules) console.log(`${String(bytes).padStart(7)}  ${path}`)
  }
}
