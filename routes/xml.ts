import { SANDBOX } from './_content_types.js'
import { answer, endpoint } from './_endpoint.js'

const DOCUMENT = `<?xml version='1.0' encoding='us-ascii'?>
<slideshow title="Sample Slide Show" date="Any day" author="brink">
  <slide type="all">
    <title>Overview</title>
    <item>What an <em>edge</em> tells a server</item>
    <item/>
    <item>Who drains a socket</item>
  </slide>
</slideshow>
`

/** A document in XML. */
export default endpoint((_req, head) =>
  answer(head, 200, DOCUMENT, { 'content-type': 'application/xml', 'content-security-policy': SANDBOX }),
)
