import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Flags of a JVM that starts fast and stays small; `isFast` trades the start for the speed of a benchmark. */
export function javaFlags(jars: string, heapMb: number, isFast: boolean): string[] {
  return [
    '-Xms32m',
    `-Xmx${heapMb}m`,
    '-XX:+UseSerialGC',
    ...(isFast ? [] : ['-XX:TieredStopAtLevel=1']),
    '-Djava.awt.headless=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    `${jars}/*`,
  ]
}

/** Runs a class to its end. @returns what it wrote to standard output; rejects with what it wrote if it fails */
export async function runJava(flags: string[], main: string, args: string[]): Promise<string> {
  try {
    return (await run('java', [...flags, main, ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${main} failed: ${stderr}${stdout}`.slice(0, 4_000))
  }
}

// The shell outlives no test: when its standard input closes, because the test process is gone however it ended, the
// broker is killed.
const SUPERVISE = `exec 3<&0
"$@" </dev/null & broker=$!
echo "$broker"
(cat <&3 >/dev/null; kill -9 "$broker" 2>/dev/null) >/dev/null 2>&1 & guard=$!
wait "$broker"; code=$?
kill "$guard" 2>/dev/null
exit "$code"`

/** A Java process that dies with this one. */
export interface JavaProcess {
  readonly pid: number
  /** Resolves with the exit code, 137 after kill -9. */
  readonly ended: Promise<number>
  /** What it wrote to standard error. */
  said(): string
}

/** Starts a class in a process of its own. */
export async function spawnJava(flags: string[], main: string, args: string[]): Promise<JavaProcess> {
  const shell: ChildProcess = spawn('sh', ['-c', SUPERVISE, 'sh', 'java', ...flags, main, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  shell.stderr?.on('data', (chunk) => {
    said = (said + String(chunk)).slice(-20_000)
  })
  const ended = new Promise<number>((resolve) => shell.once('close', (code) => resolve(code ?? 137)))
  const pid = await new Promise<number>((resolve, reject) => {
    shell.once('error', reject)
    shell.stdout?.once('data', (chunk) => resolve(Number(String(chunk).split('\n')[0])))
  })
  shell.stdout?.resume()
  return { pid, ended, said: () => said }
}
