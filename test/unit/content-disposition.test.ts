import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { attachment } from '#brink/fields/content_disposition.js'
import { ReplyHeaders } from '#brink/fields/headers.js'

const cases: readonly (readonly [string, string])[] = [
  ['report.pdf', 'attachment; filename="report.pdf"'],
  ['a b.txt', 'attachment; filename="a b.txt"'],
  ['say "hi"\\.txt', 'attachment; filename="say \\"hi\\"\\\\.txt"'],
  ['résumé.pdf', `attachment; filename="r_sum_.pdf"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf`],
  ['€ (1)*.txt', `attachment; filename="_ (1)*.txt"; filename*=UTF-8''%E2%82%AC%20%281%29%2A.txt`],
  ['100%41.txt', `attachment; filename="100_41.txt"; filename*=UTF-8''100%2541.txt`],
  ['a\r\nb: c', `attachment; filename="a__b: c"; filename*=UTF-8''a%0D%0Ab%3A%20c`],
  ['half \ud800', `attachment; filename="half _"; filename*=UTF-8''half%20%EF%BF%BD`],
]

for (const [name, expected] of cases) {
  test(JSON.stringify(name), () => {
    assert.is(attachment(name), expected)
    // It can be sent.
    assert.is(new ReplyHeaders({ 'content-disposition': attachment(name) }).get('content-disposition'), expected)
  })
}

test.run()
