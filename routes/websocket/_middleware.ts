import { type BrinkRequest, HttpError, type Middleware } from 'brink'
import { limitsOf } from 'brink/target'
import { failure } from '../_endpoint.js'
import { headOf } from '../_head.js'
import { integerWithin, param } from '../_query.js'
import type { WebSocketLimits } from '../_web_socket_echo.js'

/** Checks what the query says before a connection is taken over, because there is no answer afterwards. */
const checked: Middleware = (req, next) => {
  try {
    req.state.webSocket = limitsFor(req)
  } catch (error) {
    if (!(error instanceof HttpError)) throw error
    return failure(headOf(req), error.status, error.message)
  }
  const refusal = refusalOf(req)
  return refusal ?? next()
}

export default checked

function limitsFor(req: BrinkRequest): WebSocketLimits {
  const { maxBodySize, maxWebSocketDuration } = limitsOf(req)
  const size = (name: string, standard: number) =>
    integerWithin(param(req, name) ?? String(standard), name, 1, maxBodySize)
  const maxMessage = size('max_message_size', maxBodySize)
  const maxFragment = size('max_fragment_size', Math.max(1, Math.min(maxMessage, Math.floor(maxBodySize / 2))))
  if (maxFragment > maxMessage) throw new HttpError(400, 'max_fragment_size is above max_message_size')
  return { maxFragment, maxMessage, maxDuration: maxWebSocketDuration }
}

/** What the handshake lacks (RFC 6455 §4.2.1, §4.4). */
function refusalOf(req: BrinkRequest) {
  const { headers } = req
  const head = headOf(req)
  if (req.method !== 'GET') return undefined
  const protocols = (headers.get('upgrade') ?? '').split(',').map((protocol) => protocol.trim().toLowerCase())
  if (!protocols.includes('websocket')) return failure(head, 400, 'the field Upgrade: websocket is missing')
  if (headers.get('sec-websocket-version') !== '13') {
    const answered = failure(head, 426, 'only version 13 of WebSocket is spoken here')
    answered.headers.set('sec-websocket-version', '13')
    return answered
  }
  const key = headers.get('sec-websocket-key') ?? ''
  const isKey = /^[A-Za-z\d+/]{22}==$/.test(key)
  return isKey ? undefined : failure(head, 400, 'the field Sec-WebSocket-Key is missing, or is no key of 16 bytes')
}
