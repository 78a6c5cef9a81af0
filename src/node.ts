// `brink/node`: Node's HTTP server on brink's loop. The documentation of `node:http` applies.
export { brinkFactory, createServer, type FastifyOptions, Server } from './node/server.js'
