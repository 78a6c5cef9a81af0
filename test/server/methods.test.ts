// Whatever method a route is for, a client can ask with it.
import { Router } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { head } from './messages.js'
import { connect } from './raw_client.js'
import { serving } from './serving.js'

/** Of HTTP, of protocols that look like it, and of nobody. */
const methods = (
  'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL ' +
  'MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH TRACE ' +
  'UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL ' +
  'DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN REDIRECT RECORD FLUSH SOURCE ' +
  'M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE PURGE PR PRIX BREW X GETS HEADER ' +
  'A'.repeat(32)
).split(' ')

const app = new Router()
for (const method of methods) app.on(method, '/', (req) => `${req.method} ${req.target}`)

for (const how of ['in one piece', 'a byte at a time']) {
  test(`every method that has a route is answered by it, ${how}`, () =>
    serving(app, async (server) => {
      const client = await connect(server)
      for (const method of methods) {
        const bytes = head(method, '/')
        if (how === 'in one piece') client.send(bytes)
        else for (const byte of Buffer.from(bytes)) await client.sendSeen(server, Buffer.of(byte))
        const { status, text } = await client.response(method)
        assert.is(`${status} ${text}`, method === 'HEAD' ? '200 ' : `200 ${method} /`)
      }
    }))
}

test.run()
