// Memory that an app gives to be sent and takes away again, by everything that JavaScript has for that.
import { runInNewContext } from 'node:vm'
import { MessageChannel } from 'node:worker_threads'
import { noise } from './messages.js'

/** Bytes in memory that can be taken away or resized. */
export interface Memory {
  readonly view: Uint8Array
  /** What the view holds. */
  readonly bytes: Buffer
  /** Takes the memory away, and has others write into it where that can be. */
  change(): void
}

export type MakeMemory = (size: number) => Memory

const OTHER = 0x53

function fresh(size: number): { view: Uint8Array<ArrayBuffer>; bytes: Buffer } {
  const bytes = noise(size)
  const view = new Uint8Array(new ArrayBuffer(size))
  view.set(bytes)
  return { view, bytes }
}

interface LaterArrayBuffer extends ArrayBuffer {
  transfer?(): ArrayBuffer
  resize?(size: number): void
}

const LaterArrayBuffer = ArrayBuffer as unknown as new (
  size: number,
  options: { maxByteLength: number },
) => LaterArrayBuffer

const { WebAssembly: Wasm } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (pages: {
      initial: number
      maximum: number
    }) => { readonly buffer: ArrayBuffer; grow(by: number): number }
  }
}

/** Kept, so that nothing else is put there while a test looks at what is sent from it. */
const taken: unknown[] = []

function transferred(take: (buffer: LaterArrayBuffer) => ArrayBuffer | undefined): MakeMemory {
  return (size) => {
    const { view, bytes } = fresh(size)
    const change = () => {
      const elsewhere = take(view.buffer as LaterArrayBuffer)
      if (elsewhere !== undefined) new Uint8Array(elsewhere).fill(OTHER)
      taken.push(elsewhere)
    }
    return { view, bytes, change }
  }
}

function resized(to: (size: number) => number, isTracking: boolean): MakeMemory {
  return (size) => {
    const buffer = new LaterArrayBuffer(size, { maxByteLength: 2 * size })
    const view = isTracking ? new Uint8Array(buffer) : new Uint8Array(buffer, 0, size)
    const bytes = noise(size)
    view.set(bytes)
    return { view, bytes, change: () => buffer.resize?.(to(size)) }
  }
}

/** Ways in which memory is taken away or resized. */
export const ways: Record<string, MakeMemory> = {
  'transferred by structuredClone': transferred((buffer) => structuredClone(buffer, { transfer: [buffer] })),
  'transferred to a port': transferred((buffer) => {
    const { port1 } = new MessageChannel()
    port1.postMessage(buffer, [buffer])
    taken.push(port1)
    return undefined
  }),
  'transferred by a method of its own': transferred((buffer) =>
    buffer.transfer === undefined ? structuredClone(buffer, { transfer: [buffer] }) : buffer.transfer(),
  ),
  'a view of another realm': (size) => {
    const { view, bytes } = fresh(size)
    const foreign = runInNewContext('new Uint8Array(buffer)', { buffer: view.buffer }) as Uint8Array
    const change = () => taken.push(structuredClone(view.buffer, { transfer: [view.buffer] }))
    return { view: foreign, bytes, change }
  },
  'made shorter': resized((size) => size / 2, true),
  'made shorter than its view': resized((size) => size / 2, false),
  'made to nothing': resized(() => 0, true),
  'made longer': resized((size) => 2 * size, true),
  'grown by WebAssembly': (size) => {
    const page = 65536
    const memory = new Wasm.Memory({ initial: Math.ceil(size / page), maximum: 4096 })
    const view = new Uint8Array(memory.buffer, 0, size)
    const bytes = noise(size)
    view.set(bytes)
    return { view, bytes, change: () => void memory.grow(1) }
  },
}
