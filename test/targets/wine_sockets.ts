// Loaded before each test on Wine, which refuses keep-alive of a socket that does not connect yet: undici, the client
// behind fetch(), asks for it then.
import { Socket } from 'node:net'

const { setKeepAlive } = Socket.prototype

Socket.prototype.setKeepAlive = function (...options): Socket {
  return this.connecting ? this.once('connect', () => this.setKeepAlive(...options)) : setKeepAlive.apply(this, options)
}
