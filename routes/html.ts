import { endpoint, page } from './_endpoint.js'

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Moby-Dick</title></head>
<body>
<h1>Herman Melville - Moby-Dick</h1>
<p>Call me Ishmael. Some years ago—never mind how long precisely—having little or no money in my purse, and nothing
particular to interest me on shore, I thought I would sail about a little and see the watery part of the world. It is a
way I have of driving off the spleen and regulating the circulation.</p>
<p>There now is your insular city of the Manhattoes, belted round by wharves as Indian isles by coral reefs—commerce
surrounds it with her surf. Right and left, the streets take you waterward.</p>
</body>
</html>
`

/** A page. */
export default endpoint((_req, head) => page(head, PAGE))
