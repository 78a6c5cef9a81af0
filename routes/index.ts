import { isOnTarget } from 'brink/target'
import { escaped } from './_content_types.js'
import { endpoint, page, preflight } from './_endpoint.js'
import { type Endpoint, type Group, groups } from './_endpoints.js'

const STYLE = `
  :root { color-scheme: light dark; --ink: #1d2430; --faint: #5d6878; --line: #d9dee6; --paper: #fbfcfd; --edge: #a33c14 }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e4e8ee; --faint: #98a3b3; --line: #2f3845; --paper: #14181e; --edge: #f08a5d }
  }
  body { margin: 0 auto; max-width: 60rem; padding: 3rem 1.25rem; background: var(--paper); color: var(--ink);
    font: 1rem/1.5 system-ui, sans-serif }
  h1 { margin: 0; font-size: 2.25rem; letter-spacing: -.03em; border-bottom: 3px solid var(--edge); display: inline-block }
  h2 { margin: 2.5rem 0 .5rem; font-size: 1.15rem }
  p { color: var(--faint); margin: 1rem 0 }
  nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0; padding: 0 }
  table { border-collapse: collapse; width: 100% }
  th, td { border-top: 1px solid var(--line); padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top; font-weight: normal }
  th { width: 45%; overflow-wrap: anywhere }
  td:nth-child(2) { color: var(--faint); font-size: .85rem; width: 8rem }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden }
  a { color: var(--edge); text-decoration-thickness: 1px; text-underline-offset: 2px }
  a:focus-visible { outline: 2px solid var(--edge); outline-offset: 2px }
  th a, code { font: 600 .9rem ui-monospace, monospace }
  @media (max-width: 40rem) { tr { display: block; border-top: 1px solid var(--line); padding: .5rem 0 }
    th, td { display: block; width: auto !important; border: 0; padding: 0 } }
`

const pageWith = (more: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>brink</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>brink</h1>
<p>The target is up. These endpoints are here for load generators and clients to aim at, and for people to try.${more}</p>
<nav aria-label="Groups of endpoints"><ul>
${groups.map(({ title }) => `<li><a href="#${idOf(title)}">${title}</a></li>`).join('\n')}
</ul></nav>
<main>
${groups.map(section).join('\n')}
</main>
</html>
`

const PLAIN = pageWith('')
const ON_TARGET = pageWith(' <a href="/_brink/">What happens to it, live</a>.')

/** The page for people: what this target answers. */
export const GET = endpoint((req, head) =>
  page(
    head,
    isOnTarget(req) ? ON_TARGET : PLAIN,
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
  ),
)
export const OPTIONS = preflight

function section({ title, endpoints }: Group): string {
  return `<section aria-labelledby="${idOf(title)}">
<h2 id="${idOf(title)}">${title}</h2>
<table>
<thead><tr><th scope="col">Path</th><th scope="col">Methods</th><th scope="col">Answer</th></tr></thead>
<tbody>
${endpoints.map(row).join('\n')}
</tbody>
</table>
</section>`
}

function row({ methods, path, example, says }: Endpoint): string {
  const name = escaped(path)
  const shown = example === undefined ? `<code>${name}</code>` : `<a href="${escaped(example)}">${name}</a>`
  return `<tr><th scope="row">${shown}</th><td>${methods}</td><td>${escaped(says)}</td></tr>`
}

function idOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z]+/g, '-')
}
