import { readFileSync } from 'node:fs'
import { type Dockerfile, DockerfileParser, type Instruction } from 'dockerfile-ast'

/** One image: a stage that has a CMD or an ENTRYPOINT. */
export interface Target {
  name: string
  /** Words of the `npm ci` that its modules come from. */
  install: string[]
  /** The workspace that it installs: `services/sink`. */
  workspace: string
  /** The file that node runs. */
  main: string
}

/** One stage: `FROM base AS name` and its instructions. */
export interface Stage {
  name: string
  base: string
  instructions: Instruction[]
}

/** The stages of a Dockerfile, in order. */
export function readStages(path: string): { dockerfile: Dockerfile; stages: Stage[] } {
  const dockerfile = DockerfileParser.parse(readFileSync(path, 'utf8'))
  const stages: Stage[] = []
  for (const instruction of dockerfile.getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const [base = '', , name = ''] = words(instruction)
      stages.push({ name, base, instructions: [] })
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return { dockerfile, stages }
}

/** The words of an instruction, flags too; those of its JSON form without its marks. */
export function words(instruction: Instruction): string[] {
  const text = instruction.toString().slice(instruction.getKeyword().length)
  const json = text.indexOf('[')
  if (json !== -1 && text.trimEnd().endsWith(']')) return JSON.parse(text.slice(json)) as string[]
  return text.split(/\s+/).filter((word) => word !== '')
}

/** The images that a Dockerfile makes. */
export function readTargets(path: string): Target[] {
  const { stages } = readStages(path)
  return stages.flatMap(({ name, instructions }) => {
    const command = instructions.filter((each) => ['CMD', 'ENTRYPOINT'].includes(each.getKeyword()))
    const main = command.flatMap(words).find((word) => /\.m?js$/.test(word))
    if (main === undefined) return []
    const modules = stages.find((stage) => stage.name === `${name}-modules`)
    const install = modules?.instructions.map(words).find((line) => line[0] === 'npm' && line[1] === 'ci') ?? []
    const workspace = install.find((word) => word.startsWith('--workspace='))?.slice('--workspace='.length) ?? ''
    return [{ name, install, workspace, main }]
  })
}
