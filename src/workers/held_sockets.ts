// The listening sockets of one worker's slot. The supervisor opens them and never accepts: it hands them to the slot's
// worker and to each successor, so the connections that wait in them outlive a worker.
import {
  type CommonListenSettings,
  type ListenerOwner,
  type NativeFailure,
  type NativeKept,
  type NativeListening,
  native,
} from '../exchange/native.js'
import type { HandedSocket } from '../server/worker_context.js'

export class HeldSockets implements ListenerOwner {
  readonly #sockets: HandedSocket[] = []
  /** Those of other slots are closed there. */
  readonly #own: number[] = []

  get sockets(): readonly HandedSocket[] {
    return this.#sockets
  }

  listen(...[address, port, settings, others]: Parameters<ListenerOwner['listen']>): NativeListening | NativeFailure {
    return this.#keep(native.openListener(address, port, settings), settings, others)
  }

  listenAtPath(
    ...[path, settings, others]: Parameters<ListenerOwner['listenAtPath']>
  ): NativeListening | NativeFailure {
    return this.#keep(native.openListenerAtPath(path, settings), settings, others)
  }

  listenOn(...[descriptor, settings, others]: Parameters<ListenerOwner['listenOn']>): NativeListening | NativeFailure {
    return this.#keep(native.adoptListener(descriptor, settings), settings, others)
  }

  close(): void {
    for (const descriptor of this.#own.splice(0)) native.closeListener(descriptor)
  }

  #keep(
    opened: NativeKept | NativeFailure,
    { place = 0, proxyProtocol }: CommonListenSettings,
    others: readonly ListenerOwner[],
  ): NativeListening | NativeFailure {
    if ('errno' in opened) return opened
    this.#own.push(opened.descriptor)
    const { descriptor } = opened
    for (const held of [this, ...(others as readonly HeldSockets[])]) {
      held.#sockets.push({ descriptor, place, proxyProtocol })
    }
    return opened
  }
}
