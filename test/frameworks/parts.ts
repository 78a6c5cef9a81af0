// What there is to run, each in a process of its own.

import { chapters } from './table/chapters.js'

export interface Part {
  readonly name: string
  /** Beside this file. */
  readonly program: string
  readonly args: readonly string[]
}

const APPS = ['express', 'fastify', 'koa', 'nest', 'websocket', 'supertest']

export function partsOf(subject: string): Part[] {
  return [
    { name: 'generated', program: 'generated/run.js', args: [subject, '1', '400'] },
    { name: 'crowds and leaks', program: 'load/crowd.js', args: [subject, '4000'] },
    { name: 'crowds and leaks of fetch apps', program: 'load/fetch_crowd.js', args: ['4000'] },
    { name: 'examples', program: 'examples.js', args: [] },
    { name: 'bundlers', program: 'bundlers.js', args: [] },
    { name: 'test runners', program: 'test_runners.js', args: [] },
    { name: 'apps with TLS', program: 'secure_apps.js', args: [subject] },
    ...APPS.map((file) => ({ name: `app ${file}`, program: 'apps.js', args: [subject, `${file}.mjs`] })),
    ...Object.keys(chapters).map((name) => ({ name, program: 'program.js', args: [subject, name] })),
  ]
}
