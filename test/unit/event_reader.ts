/** An event as a client dispatches it. */
export interface ReceivedEvent {
  readonly event: string
  readonly data: string
  readonly id: string
}

/** Reads a stream of events as an `EventSource` does (WHATWG HTML §9.2.6). Each push must end with a line. */
export class EventReader {
  retry: number | undefined
  comments = 0
  #data: string[] = []
  #event = ''
  #id = ''

  push(text: string): ReceivedEvent[] {
    const events: ReceivedEvent[] = []
    const lines = text.split(/\r\n|\r|\n/)
    if (lines.pop() !== '') throw new Error(`not a whole line: ${JSON.stringify(text)}`)
    for (const line of lines) {
      if (line === '') this.#dispatch(events)
      else this.#field(line)
    }
    return events
  }

  #field(line: string): void {
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (colon === 0) this.comments += 1
    else if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retry = Number(value)
  }

  #dispatch(events: ReceivedEvent[]): void {
    if (this.#data.length > 0) {
      events.push({ event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n'), id: this.#id })
    }
    this.#data = []
    this.#event = ''
  }
}
