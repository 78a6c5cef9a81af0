// NestJS on its Express and its Fastify adapter, without decorators' syntax.
import 'reflect-metadata'
import { Body, Controller, Get, HttpException, Module, Param, Post, Req } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express from 'express'

function moduleOf() {
  class Cats {
    all() {
      return ['Tom']
    }
    one(id) {
      if (id === '0') throw new HttpException('no such cat', 404)
      return { id }
    }
    add(body) {
      return { added: body }
    }
    agent(request) {
      return request.headers['user-agent'] ?? 'none'
    }
  }
  const method = (name, of, ...params) => {
    for (const [index, param] of params.entries()) param(Cats.prototype, name, index)
    of(Cats.prototype, name, Object.getOwnPropertyDescriptor(Cats.prototype, name))
  }
  method('all', Get())
  method('one', Get(':id'), Param('id'))
  method('add', Post(), Body())
  method('agent', Get('my/agent'), Req())
  Controller('cats')(Cats)
  class App {}
  Module({ controllers: [Cats] })(App)
  return App
}

const requests = [
  ...['/cats', '/cats/7', '/cats/0', '/cats/my/agent', '/none'].map(
    (target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`,
  ),
  'POST /cats HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"name":"Kitt"}'.replace(
    '14',
    '15',
  ),
  'POST /cats HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{x}',
]

async function run(adapter, server, ask) {
  const app = await NestFactory.create(moduleOf(), adapter, { logger: false })
  await app.listen(0, '127.0.0.1')
  const { port } = server().address()
  const answers = []
  for (const text of requests) answers.push(await ask(port, text))
  await app.close()
  return answers
}

/** Nest makes the server itself; its adapter is where another one is put in. */
export function nestExpress({ createServer, ask }) {
  class Adapter extends ExpressAdapter {
    initHttpServer() {
      this.httpServer = createServer(this.getInstance())
      this.openConnections = new Set()
    }
  }
  const adapter = new Adapter(express())
  return run(adapter, () => adapter.getHttpServer(), ask)
}

export function nestFastify({ createServer, ask }) {
  const adapter = new FastifyAdapter({ serverFactory: (handler) => createServer(handler) })
  return run(adapter, () => adapter.getHttpServer(), ask)
}
