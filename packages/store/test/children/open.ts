/** Opens the store at argv[2] and prints the code and the message of the error, or "open". */
import { openEmbedded } from '../../src/index.js'

try {
  const db = await openEmbedded({ path: process.argv[2]! })
  console.log('open')
  await db.close()
} catch (error) {
  const { code, message } = error as { code: string; message: string }
  console.log(JSON.stringify({ code, message }))
}
