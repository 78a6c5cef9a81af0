// The listening sockets of one worker's slot. The supervisor opens them and never accepts: it hands them to the slot's
// worker and to each successor, so the connections that wait in them outlive a worker.
import { closeSync } from 'node:fs'
import {
  type ListenerOwner,
  type NativeFailure,
  type NativeKept,
  type NativeListening,
  native,
} from '../exchange/native.js'

export class HeldSockets implements ListenerOwner {
  readonly #descriptors: number[] = []
  /** Those of other slots are closed there. */
  readonly #own: number[] = []

  get descriptors(): readonly number[] {
    return this.#descriptors
  }

  listen(...[address, port, settings, others]: Parameters<ListenerOwner['listen']>): NativeListening | NativeFailure {
    return this.#keep(native.openListener(address, port, settings), others)
  }

  listenAtPath(
    ...[path, settings, others]: Parameters<ListenerOwner['listenAtPath']>
  ): NativeListening | NativeFailure {
    return this.#keep(native.openListenerAtPath(path, settings), others)
  }

  listenOn(...[descriptor, settings, others]: Parameters<ListenerOwner['listenOn']>): NativeListening | NativeFailure {
    return this.#keep(native.adoptListener(descriptor, settings), others)
  }

  close(): void {
    for (const descriptor of this.#own.splice(0)) closeSync(descriptor)
  }

  #keep(opened: NativeKept | NativeFailure, others: readonly ListenerOwner[]): NativeListening | NativeFailure {
    if ('errno' in opened) return opened
    this.#own.push(opened.descriptor)
    for (const sockets of [this, ...(others as readonly HeldSockets[])]) sockets.#descriptors.push(opened.descriptor)
    return opened
  }
}
