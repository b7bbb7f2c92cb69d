#!/usr/bin/env node
// In a clone the sources run, whether or not something is built: a stale build would run old code without a word. A
// published package holds no sources and runs its build. One process either way, so signals, exit codes and kill -9
// reach the program itself. Everything is resolved from this file, never from the current directory.
import { existsSync } from 'node:fs'
import { register } from 'node:module'

const source = new URL('../src/main.ts', import.meta.url)
if (existsSync(source)) {
  const { register: registerTypeScript } = await import('tsx/esm/api')
  registerTypeScript()
  register('./source-condition.js', import.meta.url)
  await import(source.href)
} else {
  await import(new URL('../dist/main.js', import.meta.url).href)
}
