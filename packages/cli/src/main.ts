#!/usr/bin/env node
// The program `wirestream`: hands its arguments to a command and tells the system how that ended.

import process from 'node:process'
import { run } from './program.ts'

process.stderr.on('error', () => {}) // where nobody hears complaints, the exit code still tells
process.exitCode = await run(process.argv.slice(2))
