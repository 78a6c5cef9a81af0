// Tests of an Express app with supertest. The one line that is not as usual is the first: with it the servers that
// supertest makes are brink's. Needs express and supertest. Run it with `node --test`.
import 'brink/node/register'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import request from 'supertest'

const app = express()
app.get('/hello/:name', (req, res) => res.json({ hello: req.params.name }))

test('it says hello', async () => {
  const { body } = await request(app).get('/hello/Ada').expect(200).expect('Content-Type', /json/)
  assert.deepEqual(body, { hello: 'Ada' })
})

test('it knows nothing else', async () => {
  await request(app).get('/goodbye').expect(404)
})
