// `brink/node`: Node's http server on brink's loop. What is said of Node's own server holds for it.
export { brinkFactory, createServer, type FastifyOptions, Server } from './node/server.js'
