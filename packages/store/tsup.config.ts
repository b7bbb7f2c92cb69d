import { cp } from 'node:fs/promises'
import { library } from '../../tsup.base.js'

export default library(['src/index.ts'], {
  // Migrations are read beside the module that applies them, in src and in dist alike.
  onSuccess: () => cp('src/migrations', 'dist/migrations', { recursive: true }),
})
