#!/usr/bin/env node
// Placeholder until the program is written.
export {}
