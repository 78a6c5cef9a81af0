// `brink/node/register`: replaces `createServer` and `Server` of `node:http` and `node:https`, so that servers run on
// brink's loop. With NODE_OPTIONS it does so in child processes too. Code that has imported `createServer` before keeps
// Node's.
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { createServer as createSecureServer, Server as SecureServer } from './https.js'
import { fallBackToNode } from './secure_server.js'
import { createServer, Server } from './server.js'

fallBackToNode()
Object.assign(http, { createServer, Server })
Object.assign(https, { createServer: createSecureServer, Server: SecureServer })
syncBuiltinESMExports()
