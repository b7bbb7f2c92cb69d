/** Ms of CPU that importing a module costs: import-cpu.mjs <specifier>. The provider's library is there already. */
import { writeSync } from 'node:fs'
import 'openai'

const before = process.cpuUsage()
await import(process.argv[2])
const { user, system } = process.cpuUsage(before)
writeSync(3, String((user + system) / 1000))
process.exit(0)
