// What `TLSSocket.getCipher` tells of a cipher, from OpenSSL's name of it. The names of the suites of TLS 1.2 follow rules,
// which RFC 5246 and the RFCs of the ciphers have.

export interface CipherName {
  /** OpenSSL's name. */
  readonly name: string
  /** The name in the RFCs. */
  readonly standardName: string
  /** The version of TLS that has first had it. */
  readonly version: string
}

/** How peers agree on a key, by the beginning of OpenSSL's name. Without one, it is RSA. */
const EXCHANGE = /^(ECDHE-ECDSA|ECDHE-RSA|ECDHE-PSK|DHE-RSA|DHE-DSS|DHE-PSK|RSA-PSK|PSK|ADH|AECDH|SRP-RSA|SRP)-(.*)$/

export function cipherName(name: string): CipherName {
  if (name.startsWith('TLS_')) return { name, standardName: name, version: 'TLSv1.3' }
  const [, exchange = 'RSA', rest = name] = EXCHANGE.exec(name) ?? []
  return {
    name,
    standardName: `TLS_${exchange.replaceAll('-', '_')}_WITH_${standard(rest)}`,
    version: version(exchange, rest),
  }
}

function standard(cipher: string): string {
  const spelled = cipher.replace(/^(AES|ARIA|CAMELLIA)(\d)/, '$1-$2').replace(/^(ARIA)-?(\d+)/, '$1-$2')
  const text = spelled.replace(/CCM8$/, 'CCM-8').replaceAll('-', '_')
  if (/CHACHA20/.test(text)) return `${text}_SHA256`
  if (/GCM|CCM|^NULL/.test(text)) return text
  return text.replace(/_(SHA\d*)$/, '_CBC_$1')
}

function version(exchange: string, cipher: string): string {
  if (!cipher.endsWith('-SHA')) return 'TLSv1.2'
  return exchange.startsWith('ECDHE') || exchange === 'AECDH' ? 'TLSv1.0' : 'SSLv3'
}
