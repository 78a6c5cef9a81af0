import type { Reply } from 'brink'
import { answer, endpoint, JSON_TYPE, TEXT_TYPE, text } from '../_endpoint.js'
import type { Head } from '../_head.js'
import { pretty } from '../_json.js'
import { chosenStatus } from '../_statuses.js'

interface Special {
  readonly fields: Readonly<Record<string, string>>
  readonly body?: string
}

const REDIRECT: Special = { fields: { location: '/redirect/1' } }
const IMAGES = ['jpeg', 'png', 'svg', 'webp', 'avif']
const IMAGE_TYPES = ['image/webp', 'image/svg+xml', 'image/jpeg', 'image/png', 'image/avif', 'image/*']

/** Statuses that say more than their number. */
const specials: ReadonlyMap<number, Special> = new Map([
  [300, { fields: { location: '/image/jpeg' }, body: `${IMAGES.map((kind) => `/image/${kind}`).join('\n')}\n` }],
  [301, REDIRECT],
  [302, REDIRECT],
  [303, REDIRECT],
  [305, REDIRECT],
  [307, REDIRECT],
  [308, { fields: { location: '/image/jpeg' }, body: 'It is at /image/jpeg from now on.\n' }],
  [401, { fields: { 'www-authenticate': 'Basic realm="Fake Realm"' } }],
  [402, { fields: {}, body: 'Pay first, please.' }],
  [
    406,
    {
      fields: { 'content-type': JSON_TYPE },
      body: `${pretty({ message: 'None of these was asked for', accept: IMAGE_TYPES })}\n`,
    },
  ],
  [407, { fields: { 'proxy-authenticate': 'Basic realm="Fake Realm"' } }],
  [418, { fields: { 'x-more-info': 'https://www.rfc-editor.org/rfc/rfc2324' }, body: "I'm a teapot!" }],
] satisfies [number, Special][])

/** An answer with this status, or with one of several by their weights. */
export default endpoint<'code'>(({ params }, head) => answerWith(head, chosenStatus(params.code)))

function answerWith(head: Head, status: number): Reply {
  const special = specials.get(status)
  if (special === undefined) return text(head, undefined, status)
  return answer(head, status, special.body, { 'content-type': TEXT_TYPE, ...special.fields })
}
