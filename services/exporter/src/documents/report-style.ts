/** Light and dark values of every colour of the report; charts take theirs from here. */
export const STYLE = `
:root { --ground: #fbfbfa; --panel: #ffffff; --ink: #1d2125; --quiet: #5d6770; --line: #e2e5e8; --accent: #3366b8; --kept: #2f7d4f; --dropped: #c0453b }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --panel: #1c2024; --ink: #e7eaed; --quiet: #9aa5af; --line: #30363c; --accent: #7aa7ee; --kept: #63b885; --dropped: #e5847b }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { margin: 0; font-size: 1.6rem; overflow-wrap: anywhere }
h2 { margin: 0; font-size: 1.05rem }
p { margin: .25rem 0 .75rem; color: var(--quiet) }
a { color: var(--accent) }
code { font: .92em ui-monospace, monospace; color: var(--ink) }
section { margin-top: 1.25rem; padding: 1rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px }
figure { margin: 0; overflow-x: auto }
figure svg { max-width: 100%; height: auto; color: var(--quiet) }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0 }
.tile { padding: .75rem; background: var(--panel); border: 1px solid var(--line); border-radius: 8px }
.tile dt { color: var(--quiet); font-size: .85rem }
.tile dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums }
.tile p { margin: 0; font-size: .8rem }
table { width: 100%; border-collapse: collapse; margin-top: .5rem }
th, td { padding: .25rem .5rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; overflow-wrap: anywhere }
.number { text-align: right; font-variant-numeric: tabular-nums }
summary { cursor: pointer }
`
