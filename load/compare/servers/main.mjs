// One of the servers beside this file: RUNTIME main.mjs NAME [FOLDER]. It tells its address, and serves the folder's
// files below /files/ if it can.
import process from 'node:process'

const [name, folder] = process.argv.slice(2)
const { listen } = await import(`./${name}.mjs`)
console.log(`http://127.0.0.1:${await listen({ folder })}`)
process.on('SIGTERM', () => process.exit(0))
