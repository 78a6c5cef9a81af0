import { endpoint, page, preflight } from '../_endpoint.js'

const LINES: readonly (readonly [lang: string, text: string])[] = [
  // With the accents of polytonic Greek, as Markus Kuhn's demonstration has them.
  ['en', 'Hello world, Καλημ\u1f73ρα κ\u1f79σμε, コンニチハ'],
  ['de', 'Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich'],
  ['fr', 'Dès Noël où un zéphyr haï me vêt de glaçons würmiens'],
  ['el', 'Ταχίστη αλώπηξ βαφής ψημένη γη, δρασκελίζει υπέρ νωθρού κυνός'],
  ['ru', 'Съешь же ещё этих мягких французских булок, да выпей чаю'],
  ['he', 'דג סקרן שט בים מאוכזב ולפתע מצא חברה'],
  ['ar', 'نص حكيم له سر قاطع وذو شأن عظيم'],
  ['hi', 'ऋषियों को सताने वाले दुष्ट राक्षसों के राजा रावण'],
  ['th', 'เป็นมนุษย์สุดประเสริฐเลิศคุณค่า'],
  ['zh', '天地玄黃，宇宙洪荒。日月盈昃，辰宿列張。'],
  ['ja', 'いろはにほへと ちりぬるを'],
  ['ko', '다람쥐 헌 쳇바퀴에 타고파'],
]
const SIGNS = [
  '∮ E⋅da = Q, n → ∞, ∑ f(i) = ∏ g(i), ∀x∈ℝ: ⌈x⌉ = −⌊−x⌋',
  '€ ₤ ₽ ₹ … – — “ ” ‚ ‘ ’ ™',
  '🙂 🌊 👩🏽‍🔬 🇪🇺 e\u0301 \u{1D11E}',
]

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>UTF-8</title></head>
<body>
<h1>UTF-8</h1>
${LINES.map(([lang, text]) => `<p lang="${lang}" dir="auto">${text}</p>`).join('\n')}
${SIGNS.map((text) => `<p>${text}</p>`).join('\n')}
</body>
</html>
`

/** A page with characters of many scripts, of two, three and four bytes. */
export const GET = endpoint((_req, head) => page(head, PAGE))
export const OPTIONS = preflight
