// A process with a reactor that does not keep it alive. It ends by itself, unless its first argument says otherwise.
import { NativeApp } from '../native_app.js'

const { reactor, port } = new NativeApp({}, () => {})
reactor.unref()
if (process.argv[2] === 'ref') reactor.ref()
process.stdout.write(`listening at ${port}\n`)
