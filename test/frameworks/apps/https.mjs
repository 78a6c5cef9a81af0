// The frameworks with TLS, each in the way that docs/frameworks.md shows, and clients that trust the certificate.
import 'reflect-metadata'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import https from 'node:https'
import { serve } from '@hono/node-server'
import { Controller, Get, Module, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express from 'express'
import express4 from 'express4'
import createFastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { Server as Io } from 'socket.io'
import { io as connect } from 'socket.io-client'
import { WebSocket, WebSocketServer } from 'ws'

/** A request on a connection of its own. */
async function get(port, target, { ca, ...certificate }) {
  const request = https.get({ port, host: '127.0.0.1', path: target, ca, agent: false, ...certificate })
  const [response] = await once(request, 'response')
  let text = ''
  for await (const piece of response.setEncoding('utf8')) text += piece
  return `${response.statusCode} ${text}`
}

/** By the global fetch of a process of its own, which trusts the certificate from its start. */
function fetched(port, target, { caFile }) {
  const program = `fetch('https://localhost:${port}${target}').then(async (r) => console.log(r.status, await r.text()))`
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: caFile }
    execFile(process.execPath, ['-e', program], { env }, (error, text) => resolve(error?.message ?? text))
  })
}

async function answers(server, targets, clients) {
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const { port } = server.address()
  const all = []
  for (const target of targets) {
    all.push(await get(port, target, clients), await get(port, target, { ...clients, ...clients.client }))
  }
  all.push(await fetched(port, targets[0], clients))
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
  return all.map((text) => text.replaceAll(`:${port}`, ''))
}

const asked = (options) => ({ ...options, requestCert: true, rejectUnauthorized: false })

/** Who a client is. */
function whois({ authorized, authorizationError, ...socket }, certificate) {
  return `${authorized} ${authorizationError} ${certificate.subject?.CN} ${socket.encrypted}`
}

function onExpress(framework, { createServer, options, clients }) {
  const app = framework()
  app.get('/', (req, res) => res.send(`${req.secure} ${req.protocol} ${req.hostname}`))
  app.get('/who', (req, res) => res.send(whois(req.socket, req.socket.getPeerCertificate())))
  return answers(createServer(asked(options), app), ['/', '/who', '/none'], clients)
}

export const express5 = (tools) => onExpress(express, tools)
export const expressFour = (tools) => onExpress(express4, tools)

export function koa({ createServer, options, clients }) {
  const app = new Koa()
  app.silent = true
  app.use((ctx) => {
    ctx.body = `${ctx.secure} ${ctx.protocol} ${ctx.href} ${ctx.req.socket.getProtocol()}`
  })
  return answers(createServer(options, app.callback()), ['/', '/a?b'], clients)
}

export async function fastify({ factory, options, clients }) {
  const app = createFastify({ https: asked(options), ...factory })
  app.get('/', async (request) => `${request.protocol} ${request.host}`)
  app.get('/who', async ({ raw: { socket } }) => whois(socket, socket.getPeerCertificate()))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const all = await answers(app.server, ['/', '/who', '/none'], clients)
  await app.close()
  return all
}

async function onNest(adapter, options, clients) {
  class Root {
    root(request) {
      return `${request.protocol}`
    }
  }
  Req()(Root.prototype, 'root', 0)
  Get()(Root.prototype, 'root', Object.getOwnPropertyDescriptor(Root.prototype, 'root'))
  Controller()(Root)
  class App {}
  Module({ controllers: [Root] })(App)
  const app = await NestFactory.create(App, adapter, { logger: false, httpsOptions: options })
  await app.listen(0, '127.0.0.1')
  const all = await answers(app.getHttpServer(), ['/'], clients)
  await app.close()
  return all
}

export function nestOnExpress({ createServer, options, clients }) {
  class Adapter extends ExpressAdapter {
    initHttpServer({ httpsOptions }) {
      this.httpServer = createServer(httpsOptions, this.getInstance())
    }
  }
  return onNest(new Adapter(), options, clients)
}

export function nestOnFastify({ factory, options, clients }) {
  return onNest(new FastifyAdapter({ https: options, ...factory }), options, clients)
}

export async function hono({ createServer, options, clients }) {
  const app = new Hono()
  app.get('/', (c) => c.text(c.req.url))
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', createServer, serverOptions: options })
  if (!server.listening) await once(server, 'listening')
  return answers(server, ['/', '/none'], clients)
}

export async function wss({ createServer, options, clients }) {
  const server = createServer(asked(options))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, req) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    socket.send(whois(req.socket, req.socket.getPeerCertificate()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const told = []
  for (const certificate of [{}, clients.client]) {
    const url = `wss://127.0.0.1:${server.address().port}`
    const client = new WebSocket(url, { ca: clients.ca, ...certificate })
    told.push(`${(await once(client, 'message'))[0]}`)
    for (const message of ['text', 'l'.repeat(500_000)]) {
      client.send(message)
      told.push((await once(client, 'message'))[0].length)
    }
    client.close(4000, 'bye')
    told.push((await once(client, 'close'))[0])
  }
  server.close()
  server.closeAllConnections()
  return told
}

export async function socketIo({ createServer, options, clients }) {
  const server = createServer(options)
  const io = new Io(server)
  io.on('connection', (socket) => {
    socket.on('say', (text, reply) => reply(`said ${text} ${socket.handshake.secure}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const told = []
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const client = connect(`https://127.0.0.1:${server.address().port}`, { transports, ca: clients.ca, forceNew: true })
    await once(client, 'connect')
    told.push(await client.emitWithAck('say', transports.join()))
    client.disconnect()
  }
  await io.close()
  return told
}
