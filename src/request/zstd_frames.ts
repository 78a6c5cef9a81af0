// Finds where frames of zstd end, without decoding them (RFC 8878 §3.1). What is wrong in them is left to the decoder.

const MAGIC = 0xfd2fb528
/** Of skippable frames, whose last four bits are free. */
const SKIPPABLE = 0x184d2a50
const RLE = 1

type Part = 'magic' | 'descriptor' | 'header' | 'block' | 'content' | 'skippable'

/** How many bytes each part has that is read as a number. */
const SIZES = { magic: 4, descriptor: 1, block: 3, skippable: 4 } as const

export class ZstdFrames {
  #part: Part = 'magic'
  /** What follows the content that is being skipped. */
  #after: Part = 'magic'
  #left: number = SIZES.magic
  #number = 0
  #hasChecksum = false
  #frames = 0
  #isDamaged = false

  /** Whether the last frame has ended, and there is one. Of bytes that are no frames this says nothing: true. */
  get areWhole(): boolean {
    return this.#isDamaged || (this.#frames > 0 && this.#part === 'magic' && this.#left === SIZES.magic)
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#isDamaged; ) {
      const isNumber = this.#part in SIZES
      const taken = isNumber ? 1 : Math.min(this.#left, bytes.length - at)
      if (isNumber) {
        const size = SIZES[this.#part as keyof typeof SIZES]
        this.#number += (bytes[at] as number) * 256 ** (size - this.#left)
      }
      at += taken
      this.#left -= taken
      // Content may have no bytes.
      while (this.#left === 0) this.#next()
    }
  }

  /** A part has been read. */
  #next(): void {
    const number = this.#number
    switch (this.#part) {
      case 'magic':
        if (number === MAGIC) return this.#begin('descriptor')
        if (number - (number % 16) === SKIPPABLE) return this.#begin('skippable')
        this.#isDamaged = true
        return this.#begin('magic')
      case 'skippable':
        return this.#skip('content', number, 'magic')
      case 'descriptor':
        this.#hasChecksum = (number & 4) !== 0
        return this.#skip('header', headerBytes(number), 'block')
      case 'block': {
        const isLast = (number & 1) !== 0
        const content = ((number >> 1) & 3) === RLE ? 1 : number >> 3
        const checksum = isLast && this.#hasChecksum ? 4 : 0
        return this.#skip('content', content + checksum, isLast ? 'magic' : 'block')
      }
      case 'header':
      case 'content':
        if (this.#after === 'magic') this.#frames += 1
        return this.#begin(this.#after as keyof typeof SIZES)
    }
  }

  #begin(part: keyof typeof SIZES): void {
    this.#part = part
    this.#left = SIZES[part]
    this.#number = 0
  }

  #skip(part: 'header' | 'content', bytes: number, after: Part): void {
    this.#part = part
    this.#left = bytes
    this.#after = after
  }
}

/** The size of a frame's header behind its descriptor: window, dictionary and content size. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number
  const contentSize = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number
  return (isSingleSegment ? 0 : 1) + dictionary + contentSize
}
