import { createRoot } from 'react-dom/client'
import { Desk } from './desk.js'

const root = document.getElementById('root')
// One tab is one session: what is shown beside the editor is what this tab did.
const session = sessionStorage.getItem('session') ?? crypto.randomUUID()
sessionStorage.setItem('session', session)
if (root) createRoot(root).render(<Desk session={session} />)
