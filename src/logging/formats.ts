// Lines of the access log. Whatever a client sends, a record is one line, and its fields are told apart.
import { LOG_AT, LOG_LINES } from '../exchange/layout.js'
import { type NativeLogLines, native } from '../exchange/native.js'
import { type RawBuffer, raw } from '../exchange/raw_buffer.js'
import type { RequestIds } from '../request/request_ids.js'
import { timers } from '../runtime/timers.js'
import { type AccessRecord, ENDS } from './access_record.js'

/** Names of built-in formats. */
export const FORMATS = ['combined', 'json'] as const

export type AccessLogFormatName = (typeof FORMATS)[number]

const TEXT_BYTES = 64 * 1024
const MS_PER_MINUTE = 60_000

/** What the native side does not know of a record. */
export type Told = Pick<AccessRecord, 'ip' | 'id'>

/** Lines in a built-in format, which the native side writes. */
export class BuiltinLines {
  readonly #native: NativeLogLines
  readonly #isLocal: boolean
  #now = 0
  #zone = 0
  #zoneOf = Number.NaN
  /** For a line as text. */
  #text: RawBuffer | undefined
  /** Of the lines that were written last. */
  count = 0

  constructor(format: AccessLogFormatName, patterns: readonly string[]) {
    const isJson = format === 'json'
    this.#isLocal = !isJson
    this.#native = new native.LogLines({
      format,
      ends: ENDS,
      patterns: isJson ? patterns.map(quotedUnlessEmpty) : patterns,
    })
  }

  /** The time when the next records were taken, in milliseconds since 1970. */
  set now(ms: number) {
    this.#now = ms
    if (!this.#isLocal) return
    // No zone changes within a minute.
    const minute = Math.floor(ms / MS_PER_MINUTE)
    if (minute === this.#zoneOf) return
    this.#zoneOf = minute
    this.#zone = -new timers.Date(ms).getTimezoneOffset()
  }

  /**
   * Writes lines of the words from LOG_AT on, as many as there is room for. Returns the place behind them. `told`: of the
   * one record that is written.
   */
  write(words: Int32Array, into: Uint8Array, at: number, ids: RequestIds, told?: Told): number {
    const end = this.#native.write(words, into, at, this.#now, this.#zone, ids.prefix, told?.ip, told?.id)
    this.count = words[LOG_LINES]
    return end
  }

  /** The line of a record, without its end. */
  textOf(words: Int32Array, ids: RequestIds, told: Told): string {
    const at = words[LOG_AT]
    for (;;) {
      this.#text ??= raw(Buffer.allocUnsafeSlow(TEXT_BYTES))
      const end = this.write(words, this.#text, 0, ids, told)
      if (words[LOG_AT] !== at) return this.#text.utf8Slice(0, end - 1)
      this.#text = raw(Buffer.allocUnsafeSlow(2 * this.#text.length))
    }
  }
}

/** `JSON.stringify` leaves DEL and the controls above it, which terminals obey. */
const CONTROLS_LEFT = /\p{Cc}/gu

function quotedUnlessEmpty(text: string): string {
  if (text === '') return ''
  return JSON.stringify(text).replace(CONTROLS_LEFT, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
}

/** Without a tab, which ends no line. */
const CONTROLS = /(?!\t)\p{Cc}/gu

/** Makes one line of what the app's own format has returned. */
export function asOneLine(text: string): string {
  return text.replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
