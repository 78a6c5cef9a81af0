// One of the servers beside this file: RUNTIME main.mjs NAME [FOLDER [KEY CERT]]. It tells its address, and serves the
// folder's files below /files/ if it can; with the files of a key and a certificate, over TLS.
import process from 'node:process'

const [name, folder, key, cert] = process.argv.slice(2)
const { listen } = await import(`./${name}.mjs`)
const tls = key && { key, cert }
console.log(`${tls ? 'https' : 'http'}://127.0.0.1:${await listen({ folder, tls })}`)
process.on('SIGTERM', () => process.exit(0))
