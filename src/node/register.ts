// `brink/node/register`: replaces `createServer` and `Server` of `node:http`, so that servers run on brink's loop. With
// NODE_OPTIONS it does so in child processes too. Code that has imported `createServer` before keeps Node's.
import http from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { createServer, Server } from './server.js'

Object.assign(http, { createServer, Server })
syncBuiltinESMExports()
