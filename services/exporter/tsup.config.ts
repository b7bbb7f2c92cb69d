import { library } from '../../tsup.base.js'

export default library(['src/index.ts', 'src/worker.ts', 'src/unit-thread.ts', 'src/main.ts'])
