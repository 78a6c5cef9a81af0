// supertest listens by itself, and asks in the same turn.
import express from 'express'
import request from 'supertest'

export async function supertest({ createServer }) {
  const app = express()
  app.get('/', (_req, res) => res.json({ a: 1 }))
  app.post('/', express.json(), (req, res) => res.status(201).send(req.body))
  const told = []
  const note = ({ status, body, headers }) => {
    told.push(`${status} ${JSON.stringify(body)} ${Object.keys(headers).sort()}`)
  }
  note(await request(createServer(app)).get('/'))
  note(await request(createServer(app)).post('/').send({ b: 2 }))
  const agent = request.agent(createServer(app))
  note(await agent.get('/'))
  note(await agent.get('/none'))
  await request(createServer(app)).get('/').expect(200).expect('Content-Type', /json/)
  return told
}
