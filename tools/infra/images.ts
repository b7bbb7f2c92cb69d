import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from './checks.js'
import { readStages, readTargets, words } from './dockerfile.js'

/** The Dockerfile: stages and files that exist, nobody is root, what is copied is in the context, what runs is built. */
export const images: Check = {
  name: 'Dockerfile',
  async run({ infra, repo }) {
    const problems: string[] = []
    const path = join(infra, 'Dockerfile')
    const { stages } = readStages(path)
    const names = new Set(stages.map(({ name }) => name))
    const ignored = readFileSync(join(repo, '.dockerignore'), 'utf8').split('\n')
    const stageOf = new Map(stages.map((stage) => [stage.name, stage]))
    const lineage = (name: string): typeof stages => {
      const stage = stageOf.get(name)
      return stage === undefined ? [] : [...lineage(stage.base), stage]
    }
    for (const { name, base, instructions } of stages) {
      const wrong = (what: string): void => void problems.push(`stage ${name}: ${what}`)
      if (!names.has(base) && !/^node:20\.\d+\.\d+-[a-z]+-slim$/.test(base)) wrong(`its base ${base} is not pinned`)
      for (const instruction of instructions) {
        const keyword = instruction.getKeyword()
        if (!KNOWN.has(keyword)) wrong(`${keyword} is no instruction`)
        if (keyword !== 'COPY') continue
        const given = words(instruction)
        const from = given.find((word) => word.startsWith('--from='))?.slice('--from='.length)
        if (from !== undefined && !names.has(from)) wrong(`copies from ${from}, which is no stage`)
        if (from !== undefined) continue
        for (const source of given.slice(0, -1)) {
          if (!existsSync(join(repo, source))) wrong(`copies ${source}, which is not there`)
          if (ignored.includes(source)) wrong(`copies ${source}, which .dockerignore leaves out`)
        }
      }
    }
    const targets = readTargets(path)
    for (const wanted of ['collector', 'sink', 'exporter', 'api', 'migrate'])
      if (!targets.some(({ name }) => name === wanted)) problems.push(`there is no target ${wanted}`)
    for (const { name, install, workspace, main } of targets) {
      const wrong = (what: string): void => void problems.push(`target ${name}: ${what}`)
      const all = lineage(name).flatMap(({ instructions }) => instructions)
      const last = (keyword: string) => all.filter((each) => each.getKeyword() === keyword).at(-1)
      if ((last('USER')?.getArgumentsContent() ?? 'root') === 'root') wrong('runs as root')
      if (last('HEALTHCHECK') === undefined) wrong('has no HEALTHCHECK')
      for (const flag of ['--omit=dev', '--omit=optional', '--ignore-scripts'])
        if (!install.includes(flag)) wrong(`its modules are installed without ${flag}`)
      if (workspace === '' || !main.startsWith(`${workspace}/dist/`))
        wrong(`runs ${main}, which is not of ${workspace}`)
      const source = join(repo, main.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))
      const config = join(repo, workspace, 'tsup.config.ts')
      if (!existsSync(source) || !readFileSync(config, 'utf8').includes('src/main.ts'))
        wrong(`runs ${main}, which the build does not make`)
    }
    return problems
  },
  plants: [
    {
      what: 'an image that runs as root',
      file: 'Dockerfile',
      old: 'ENV FLYWHEEL_HOST=0.0.0.0 PORT=8787\nUSER node',
      new: 'ENV FLYWHEEL_HOST=0.0.0.0 PORT=8787',
      finds: /target collector: runs as root/,
    },
    {
      what: 'optional packages, and so chdb',
      file: 'Dockerfile',
      old: '--omit=optional --ignore-scripts --workspace=services/sink',
      new: '--ignore-scripts --workspace=services/sink',
      finds: /sink: .*without --omit=optional/,
    },
    {
      what: 'a file that is not there',
      file: 'Dockerfile',
      old: 'COPY infra/docker infra/docker',
      new: 'COPY infra/dockers infra/docker',
      finds: /infra\/dockers, which is not there/,
    },
    {
      what: 'a program that nothing builds',
      file: 'Dockerfile',
      old: 'services/api/dist/main.js',
      new: 'services/api/dist/server.js',
      finds: /the build does not make/,
    },
    {
      what: 'a base without a patch',
      file: 'Dockerfile',
      old: 'FROM node:20.20.2-bookworm-slim AS build',
      new: 'FROM node:20 AS build',
      finds: /not pinned/,
    },
    {
      what: 'a copy from a stage that is none',
      file: 'Dockerfile',
      old: '--from=api-modules',
      new: '--from=api-module',
      finds: /api-module, which is no stage/,
    },
  ],
}

const KNOWN: ReadonlySet<string> = new Set(
  'FROM RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD STOPSIGNAL HEALTHCHECK SHELL'.split(
    ' ',
  ),
)
