/** The bundled front end. */
export interface Script {
  readonly code: string
}

/** The page; all of it is drawn by the script. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Support desk</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#d5d8de, #3a3f47); --soft: light-dark(#5b626d, #a4acb8);
  --panel: light-dark(#f5f6f8, #1d2126); --page: light-dark(#fff, #15181c); --text: light-dark(#16191d, #e8eaed);
  --accent: light-dark(#1c5fc4, #7db1ff); --on-accent: light-dark(#fff, #0d1420); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
.desk { display: grid; grid-template-columns: 220px minmax(0, 1fr) 340px; min-height: 100vh; }
.desk > * { padding: 20px; }
nav, aside { background: var(--panel); }
h1 { font-size: 17px; margin: 0 0 16px; } h2 { font-size: 20px; margin: 0 0 4px; text-wrap: balance; }
nav button { display: block; width: 100%; text-align: start; border: 0; background: none; padding: 8px 10px; border-radius: 6px; }
nav button[aria-current="true"] { background: light-dark(#e3e9f3, #2a313b); }
small, .soft { color: var(--soft); }
blockquote { margin: 0 0 20px; padding: 12px 16px; border-inline-start: 3px solid var(--line); }
button, textarea { font: inherit; color: inherit; }
button { border: 1px solid var(--line); background: var(--page); padding: 6px 14px; border-radius: 6px; cursor: pointer; }
button:disabled { opacity: .5; cursor: default; }
button:focus-visible, textarea:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
textarea { width: 100%; min-height: 160px; padding: 12px; border: 1px solid var(--line); border-radius: 6px;
  background: var(--page); resize: vertical; }
.row { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; align-items: center; }
.row .end { margin-inline-start: auto; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; }
.pair article { border: 1px solid var(--line); border-radius: 6px; padding: 12px; display: flex; flex-direction: column; }
.pair article p { margin: 0 0 12px; flex: 1; }
ol { list-style: none; margin: 0; padding: 0; font-size: 13px; }
li { padding: 8px 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
li b { font-weight: 600; } li span { color: var(--soft); display: block; max-height: 4.5em; overflow: hidden; }
@media (max-width: 900px) { .desk { grid-template-columns: minmax(0, 1fr); } .pair { grid-template-columns: 1fr; } }
</style>
</head>
<body>
<div id="root"></div>
<script type="module" src="/app.js"></script>
</body>
</html>
`
