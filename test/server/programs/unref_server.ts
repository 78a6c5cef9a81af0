// A process with a server that does not keep it alive. It ends by itself, unless its first argument says otherwise.
import { serve } from 'brink'

const server = await serve(() => 'hello', { port: 0 })
server.unref()
if (process.argv[2] === 'ref') server.ref()
process.stdout.write(`listening at ${server.port}\n`)
