import { reply } from 'brink'
import { type Endpoint, endpoints } from './_endpoints.js'

const STYLE = `
  :root { color-scheme: light dark; --ink: #1d2430; --faint: #5d6878; --line: #d9dee6; --paper: #fbfcfd; --edge: #b4481e }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e4e8ee; --faint: #98a3b3; --line: #2f3845; --paper: #14181e; --edge: #f08a5d }
  }
  body { margin: 0 auto; max-width: 44rem; padding: 3rem 1.25rem; background: var(--paper); color: var(--ink);
    font: 1rem/1.5 system-ui, sans-serif }
  h1 { margin: 0; font-size: 2.25rem; letter-spacing: -.03em; border-bottom: 3px solid var(--edge); display: inline-block }
  p { color: var(--faint); margin: 1rem 0 2rem }
  ul { list-style: none; margin: 0; padding: 0 }
  li { border-top: 1px solid var(--line); padding: .75rem 0 }
  a, code { font: 600 .95rem ui-monospace, monospace; color: var(--edge); text-decoration: none }
  a:hover, a:focus { text-decoration: underline }
  small { color: var(--faint); margin-left: .5rem }
  span { display: block }
`

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>brink</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<h1>brink</h1>
<p>The server is up. These routes are here for load generators to aim at, and for people to try.</p>
<ul>
${endpoints.map(item).join('\n')}
</ul>
`

/** The page for people: what this server answers. */
export const GET = () => reply(200, PAGE, { 'content-type': 'text/html; charset=utf-8' })

function item({ methods, path, example, says }: Endpoint): string {
  return `<li><a href="${example}">${path}</a><small>${methods}</small><span>${says}</span></li>`
}
