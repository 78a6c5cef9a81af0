/**
 * A Buffer with the methods that every one has and that Node's types leave out: they skip the checks and the choice of
 * an encoding by its name, which is half of the time for a short text.
 */
export interface RawBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  latin1Write(text: string, offset: number): number
  utf8Write(text: string, offset: number): number
}

export function raw(buffer: Buffer): RawBuffer {
  return buffer as RawBuffer
}
