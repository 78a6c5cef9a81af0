// `brink/node/register`: from here on `node:http` makes servers on brink's loop, in this process and, as it is named in
// NODE_OPTIONS, in those that it starts. Code that was loaded before and has taken `createServer` keeps Node's.
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { createServer, Server } from './server.js'

Object.assign(http, { createServer, Server })
syncBuiltinESMExports()
