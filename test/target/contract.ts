// A table of what a target answers: each row is a request, and what its answer must have.
import { type Target, type TargetOptions, target } from 'brink/target'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { get, head } from '../server/messages.js'
import { connect, leaveAll } from '../server/raw_client.js'
import type { RawResponse } from '../server/raw_response.js'
import { within } from '../server/waiting.js'

export interface Row {
  /** The target of a GET, or all bytes of a request. */
  readonly asks: string | Buffer
  readonly method?: string
  readonly status: number
  /** Null for a field that must be missing. */
  readonly fields?: Readonly<Record<string, string | RegExp | null>>
  readonly body?: string | RegExp | Buffer
  /** Members that its JSON must have, among others. */
  readonly json?: Readonly<Record<string, unknown>>
  readonly check?: (answer: RawResponse, t: Target) => void
}

export const JSON_TYPE = 'application/json; charset=utf-8'
export const TEXT_TYPE = 'text/plain; charset=utf-8'
export const HTML_TYPE = 'text/html; charset=utf-8'

/** Small limits, so that what is above them is small as well. */
export const SMALL: TargetOptions = {
  host: '127.0.0.1',
  limits: { maxBodySize: 1024, maxResponseSize: 1024, maxDuration: 1000, maxCount: 64 },
}

export async function onTarget(options: TargetOptions, run: (t: Target) => Promise<void>): Promise<void> {
  const t = await target(options)
  try {
    await run(t)
  } finally {
    leaveAll()
    await within(t.close({ force: 0 }), 'the target to close')
  }
}

/** A test that asks all rows on one connection. */
export function contract(name: string, rows: readonly Row[], options: TargetOptions = SMALL): void {
  test(name, () =>
    onTarget(options, async (t) => {
      let client = await connect(t)
      for (const row of rows) {
        const answer = await client.send(bytesOf(row)).response(row.method)
        checkRow(row, answer, t)
        if (answer.header('connection') === 'close') client = await connect(t)
      }
    }),
  )
}

function bytesOf({ asks, method = 'GET' }: Row): string | Buffer {
  return typeof asks === 'string' ? head(method, asks) : asks
}

export function checkRow(
  { asks, method, status, fields = {}, body, json, check }: Row,
  answer: RawResponse,
  t: Target,
): void {
  const asked = `${method ?? ''} ${asks.toString('latin1').split('\r\n', 1)[0]}`
  assert.is(answer.status, status, `${asked}: ${answer.text.slice(0, 300)}`)
  for (const [name, expected] of Object.entries(fields)) {
    const value = answer.header(name)
    if (expected === null) assert.is(value, undefined, `${asked}: ${name}`)
    else if (typeof expected === 'string') assert.is(value, expected, `${asked}: ${name}`)
    else assert.match(String(value), expected, `${asked}: ${name}`)
  }
  if (body instanceof RegExp) assert.match(answer.text, body, asked)
  else if (body !== undefined)
    assert.ok(answer.body.equals(Buffer.from(body)), `${asked}: ${answer.text.slice(0, 300)}`)
  if (json !== undefined) {
    const found = JSON.parse(answer.text) as Record<string, unknown>
    for (const [name, expected] of Object.entries(json)) assert.equal(found[name], expected, `${asked}: ${name}`)
  }
  check?.(answer, t)
}

/** GETs with header fields. */
export function withFields(path: string, ...fields: string[]): Buffer {
  return Buffer.from(get(path, ...fields))
}

/** Any method with a body. */
export function withBody(method: string, path: string, body: string | Uint8Array, ...fields: string[]): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([Buffer.from(head(method, path, `Content-Length: ${bytes.length}`, ...fields)), bytes])
}

/** Rows that are refused alike. */
export function refused(status: number, ...paths: string[]): Row[] {
  return paths.map((asks) => ({ asks, status }))
}

/** Refusals by an endpoint itself are told as JSON. */
export function invalid(...paths: string[]): Row[] {
  return paths.map((asks) => ({
    asks,
    status: 400,
    fields: { 'content-type': JSON_TYPE },
    json: { status_code: 400, error: 'Bad Request' },
  }))
}
