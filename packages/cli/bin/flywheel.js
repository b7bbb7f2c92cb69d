#!/usr/bin/env node
// Runs the build where there is one (the published package), else the sources of a clone. One process either way, so
// signals, exit codes and kill -9 reach the program itself. Everything is resolved from this file, never from the
// current directory.
import { existsSync } from 'node:fs'
import { register } from 'node:module'

const built = new URL('../dist/main.js', import.meta.url)
if (existsSync(built)) {
  await import(built.href)
} else {
  const { register: registerTypeScript } = await import('tsx/esm/api')
  registerTypeScript()
  register('./source-condition.js', import.meta.url)
  await import(new URL('../src/main.ts', import.meta.url).href)
}
