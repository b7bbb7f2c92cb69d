import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Script } from './page.js'

/** Bundles the front end for the browser. */
export async function bundle(): Promise<Script> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../web/main.tsx', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    conditions: ['@flywheel/source'],
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  return { code: outputFiles[0]?.text ?? '' }
}
