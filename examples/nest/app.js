// A NestJS app, in plain JavaScript: decorators are functions there. The one line that is not as usual is the first: it
// puts brink behind node:http. Needs the packages @nestjs/common, @nestjs/core, @nestjs/platform-express, reflect-metadata, rxjs.
import 'brink/node/register'
import 'reflect-metadata'
import { Body, Controller, Get, HttpException, Module, Param, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'

class Notes {
  notes = []

  all() {
    return this.notes
  }

  one(id) {
    const note = this.notes.find((each) => `${each.id}` === id)
    if (note === undefined) throw new HttpException('There is no such note.', 404)
    return note
  }

  add(body) {
    if (typeof body?.text !== 'string') throw new HttpException('A note needs a text.', 422)
    const note = { id: this.notes.length + 1, text: body.text }
    this.notes.push(note)
    return note
  }
}

class Home {
  hello() {
    return 'Hello from Nest'
  }
}

class App {}

const of = (type, name, method, ...params) => {
  for (const [index, param] of params.entries()) param(type.prototype, name, index)
  method(type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name))
}
of(Home, 'hello', Get())
of(Notes, 'all', Get())
of(Notes, 'one', Get(':id'), Param('id'))
of(Notes, 'add', Post(), Body())
Controller()(Home)
Controller('notes')(Notes)
Module({ controllers: [Home, Notes] })(App)

const app = await NestFactory.create(App, { logger: false })
await app.listen(Number(process.env.PORT ?? 8080))
console.log(`Listening on http://localhost:${app.getHttpServer().address().port}`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
