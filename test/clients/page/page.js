// Does in a browser what pages do, and tells the server what came of it. Every entry gives a value that the test
// compares, or an error's text.

const UPLOAD_BYTES = 2_000_000
const MIB = 2 ** 20

const checks = {
  async 'the script runs, the style is applied, the picture is there'() {
    const picture = document.querySelector('#picture')
    await picture.decode()
    const { color } = getComputedStyle(document.querySelector('#styled'))
    return [color, picture.naturalWidth, picture.naturalHeight]
  },

  /** Five, then the server ends; the browser comes again by itself and says what it saw last. */
  events: () =>
    new Promise((resolve, reject) => {
      const seen = []
      const source = new EventSource('/events')
      source.addEventListener('tick', ({ data, lastEventId }) => {
        seen.push(`${lastEventId} ${data}`)
        if (seen.length < 8) return
        source.close()
        resolve(seen)
      })
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) reject(new Error(`closed after ${seen}`))
      }
    }),

  async 'a WebSocket'() {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/echo`)
    socket.binaryType = 'arraybuffer'
    await heard(socket, 'open')
    const large = noise(MIB)
    const echoes = []
    for (const message of ['Grüße', new Uint8Array([0, 255, 10]), large]) {
      socket.send(message)
      echoes.push((await heard(socket, 'message')).data)
    }
    socket.close(1000, 'done')
    const { code, wasClean } = await heard(socket, 'close')
    const [text, bytes, largeEcho] = echoes
    return [text, [...new Uint8Array(bytes)], same(new Uint8Array(largeEcho), large), code, wasClean]
  },

  async 'a file in a form'() {
    const bytes = noise(UPLOAD_BYTES)
    const form = new FormData()
    form.append('name', 'Ada & Grace')
    form.append('file', new File([bytes], 'noise "1".bin', { type: 'image/x-noise' }))
    const seen = await (await fetch('/upload', { method: 'POST', body: form })).json()
    return { ...seen, isWhole: seen.digest === (await digestOf(bytes)), digest: undefined }
  },

  async 'an upload that is not wanted'() {
    const answer = await fetch('/refused', { method: 'POST', body: noise(500_000) })
    return [answer.status, await answer.text()]
  },

  /** The server has to notice: it tells itself. */
  async 'a download that is aborted'() {
    const controller = new AbortController()
    const answer = await fetch('/endless', { signal: controller.signal })
    const reader = answer.body.getReader()
    let bytes = 0
    while (bytes < MIB) bytes += (await reader.read()).value.length
    controller.abort()
    return reader.read().catch((error) => error.name)
  },

  async 'a download in pieces'() {
    const answer = await fetch('/pieces')
    const decoder = new TextDecoder()
    let text = ''
    for await (const piece of answer.body) text += decoder.decode(piece, { stream: true })
    return [answer.headers.get('content-encoding'), text.length, text.slice(0, 12)]
  },

  async 'a stream that breaks off'() {
    const answer = await fetch('/broken')
    await fetch('/begun', { method: 'POST' })
    return [answer.status, await answer.text().catch((error) => error.name)]
  },

  async 'a range'() {
    const answer = await fetch('/sounds/sound.wav', { headers: { range: 'bytes=0-3' } })
    return [answer.status, answer.headers.get('content-range'), await answer.text()]
  },

  async 'what has not changed'() {
    await (await fetch('/files/style.css')).text()
    const again = await fetch('/files/style.css', { cache: 'no-cache' })
    return [again.status, (await again.text()).includes('#styled')]
  },

  /** What lies far behind is asked for, not waited for. */
  async 'a sound that is wound forward'() {
    const sound = new Audio('/sounds/sound.wav')
    sound.preload = 'metadata'
    await heard(sound, 'loadedmetadata')
    sound.currentTime = sound.duration - 1
    await heard(sound, 'seeked')
    return Math.round(sound.duration)
  },
}

function heard(target, event) {
  return new Promise((resolve, reject) => {
    target.addEventListener(event, resolve, { once: true })
    target.addEventListener('error', () => reject(new Error(`an error, and no ${event}`)), { once: true })
  })
}

function noise(length) {
  const bytes = new Uint8Array(length)
  let state = 1
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[at] = state >>> 24
  }
  return bytes
}

function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at])
}

async function digestOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function told(check) {
  try {
    return await check()
  } catch (error) {
    return `${error}`
  }
}

const results = {}
await Promise.all(
  Object.entries(checks).map(async ([name, check]) => {
    results[name] = await told(check)
  }),
)
await fetch('/results', { method: 'POST', body: JSON.stringify(results) })
document.title = 'done'
