// HTTPS of the command line: the certificate of its files, or one that is made.
import { readFileSync } from 'node:fs'
import { messageOf } from '../runtime/errors.js'
import type { Server } from '../server/server.js'
import type { TlsOptions } from '../server/tls_options.js'
import type { CommandLine, TlsFiles } from './cli_options.js'
import { type SelfSigned, selfSigned } from './self_signed.js'
import { UsageError } from './usage_error.js'

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']
export class SecureConnections {
  readonly #files: TlsFiles | undefined
  readonly #made: SelfSigned | undefined

  /** @param place where the server listens: a certificate that is made is for this host, too */
  constructor(tls: TlsFiles | 'self-signed', place: CommandLine['place']) {
    if (tls !== 'self-signed') {
      this.#files = tls
      return
    }
    const hosts = 'host' in place && !isEveryAddress(place.host) ? [place.host] : []
    this.#made = selfSigned([...new Set([...LOCAL_NAMES, ...hosts])])
  }

  /** The SHA-256 fingerprint of a certificate that was made, by which a browser's warning can be checked. */
  get fingerprint(): string | undefined {
    return this.#made?.fingerprint
  }

  /** @throws UsageError when a file cannot be read */
  options(): TlsOptions {
    const { key, cert } = this.#made ?? { key: this.#read('key'), cert: this.#read('cert') }
    return { key, cert }
  }

  /** On SIGHUP, new connections get what the files have then. When that is wrong, the old certificate stays. */
  readAgainOnSignal(server: Server): void {
    if (this.#files === undefined || process.platform === 'win32') return
    process.on('SIGHUP', () => {
      try {
        server.setSecureContext(this.options())
      } catch (error) {
        process.stderr.write(`The certificate stays as it was: ${messageOf(error)}\n`)
      }
    })
  }

  #read(name: keyof TlsFiles): Uint8Array {
    const path = this.#files?.[name] ?? ''
    try {
      return readFileSync(path)
    } catch (error) {
      throw new UsageError(`The file of --tls-${name} cannot be read: ${messageOf(error)}.`, { cause: error })
    }
  }
}

function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
