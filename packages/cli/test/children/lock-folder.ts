import { lockFolder } from '../../src/resample/journal.js'

// A process that takes a folder at the millisecond that it is told, and says whether it has it.
process.on('message', async ({ folder, at }: { folder: string; at: number }) => {
  while (Date.now() < at);
  const answer = await lockFolder(folder).then(
    () => 'held',
    () => 'refused',
  )
  process.send?.(answer)
})
process.send?.('ready')
