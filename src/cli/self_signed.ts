// A certificate for development that nobody has signed but its own key. DER is written by hand (RFC 5280, X.690), because
// Node can read certificates and not make them.
import { Buffer } from 'node:buffer'
import { lateBuiltin } from '../runtime/late_builtin.js'
import { timers } from '../runtime/timers.js'

export interface SelfSigned {
  /** The private key and the certificate, in PEM. */
  readonly key: string
  readonly cert: string
  /** The SHA-256 fingerprint, as browsers show it: `AB:CD:…`. */
  readonly fingerprint: string
}

const DAY_MS = 86_400_000
/** Browsers refuse certificates that are valid for much longer than a year. */
const VALID_DAYS = 365

const TAG = { boolean: 1, integer: 2, bits: 3, bytes: 4, oid: 6, text: 0x0c, sequence: 0x30, set: 0x31, time: 0x18 }
const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
}

/**
 * Makes an ECDSA key on P-256, and a certificate of it for these names and addresses, valid for a year.
 * @param names such as `localhost`, `127.0.0.1`, `::1`
 */
export function selfSigned(names: readonly string[], now = timers.date()): SelfSigned {
  const { createHash, generateKeyPairSync, randomBytes, sign, X509Certificate } = lateBuiltin('node:crypto')
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicInfo = publicKey.export({ type: 'spki', format: 'der' })
  const algorithm = sequence(oid(OID.ecdsaWithSha256))
  const name = sequence(der(TAG.set, sequence(oid(OID.commonName), der(TAG.text, Buffer.from(names[0] ?? '')))))
  const serial = randomBytes(16)
  // A positive number without a zero in front.
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40
  const extensions = sequence(
    extension(OID.basicConstraints, sequence(), true),
    // Only digitalSignature, the first bit.
    extension(OID.keyUsage, der(TAG.bits, Buffer.from([7, 0x80])), true),
    extension(OID.extendedKeyUsage, sequence(oid(OID.serverAuth))),
    extension(OID.subjectKeyIdentifier, der(TAG.bytes, createHash('sha1').update(publicInfo).digest())),
    extension(OID.subjectAltName, sequence(...names.map(alternative))),
  )
  const toBeSigned = sequence(
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serial),
    algorithm,
    name,
    // A clock that is a little behind must not refuse it.
    sequence(time(now - DAY_MS), time(now + VALID_DAYS * DAY_MS)),
    name,
    publicInfo,
    der(0xa3, extensions),
  )
  const signature = sign('sha256', toBeSigned, privateKey)
  const certificate = new X509Certificate(sequence(toBeSigned, algorithm, bits(signature)))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: certificate.toString(),
    fingerprint: certificate.fingerprint256,
  }
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content])
}

function sequence(...contents: Buffer[]): Buffer {
  return der(TAG.sequence, ...contents)
}

/** A bit string without unused bits. */
function bits(content: Buffer): Buffer {
  return der(TAG.bits, Buffer.from([0]), content)
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [40 * first + second]
  for (const part of rest) {
    const digits = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return der(TAG.oid, Buffer.from(bytes))
}

/** As GeneralizedTime, `YYYYMMDDHHMMSSZ`. RFC 5280 §4.1.2.5 wants UTCTime until 2049. */
function time(ms: number): Buffer {
  const text = `${new timers.Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`
  const isUtcTime = Number(text.slice(0, 4)) < 2050
  return isUtcTime ? der(0x17, Buffer.from(text.slice(2))) : der(TAG.time, Buffer.from(text))
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [der(TAG.boolean, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...critical, der(TAG.bytes, value))
}

/** RFC 5280 §4.2.1.6: a name, or the bytes of an address. */
function alternative(name: string): Buffer {
  const { isIPv4, isIPv6 } = lateBuiltin('node:net')
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)))
  return isIPv6(name) ? der(0x87, bytesOfIPv6(name)) : der(0x82, Buffer.from(name))
}

function bytesOfIPv6(text: string): Buffer {
  // In its shortest form, so that the one gap is all that is left to fill.
  const { SocketAddress } = lateBuiltin('node:net')
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  const [head = '', tail = ''] = address.split('::')
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':').flatMap(wordsOf))
  const first = groupsOf(head)
  const last = groupsOf(tail)
  const gap = new Array<number>(8 - first.length - last.length).fill(0)
  return Buffer.from([...first, ...gap, ...last].flatMap((word) => [word >> 8, word & 0xff]))
}

/** A group of hexadecimal digits; or, at the end of an IPv4-mapped address, an IPv4 address, which is two. */
function wordsOf(group: string): number[] {
  if (!group.includes('.')) return [Number.parseInt(group, 16)]
  const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}
