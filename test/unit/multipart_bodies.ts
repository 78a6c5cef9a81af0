// Multipart bodies, as browsers make them.

export interface GivenPart {
  readonly name: string
  readonly filename?: string
  readonly type?: string
  readonly content: Uint8Array | string
}

/** The body of a form (WHATWG HTML §4.10.21.8). */
export function multipartBody(boundary: string, given: readonly GivenPart[]): Buffer {
  const lines = given.flatMap(({ name, filename, type, content }) => {
    const file = filename === undefined ? '' : `; filename="${escaped(filename)}"`
    const contentType = type === undefined ? '' : `Content-Type: ${type}\r\n`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(name)}"${file}\r\n${contentType}\r\n`
    return [Buffer.from(head), Buffer.from(content as Uint8Array), Buffer.from('\r\n')]
  })
  return Buffer.concat([...lines, Buffer.from(`--${boundary}--\r\n`)])
}

function escaped(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
