// The end of the process, which all that closes before it share: the last one exits.

interface Ending {
  /** Those that still close. */
  parts: number
  /** Which has told the process to end. */
  signal: NodeJS.Signals | undefined
}

const PLACE = Symbol.for('brink.ending')

/** In globalThis, because an app may have a copy of brink of its own. */
function ending(): Ending {
  const all = globalThis as typeof globalThis & { [PLACE]?: Ending }
  all[PLACE] ??= { parts: 0, signal: undefined }
  return all[PLACE]
}

/** Begins to close something before the process exits. Gives what to call at its end: the last one exits the process. */
export function joinEnding(signal: NodeJS.Signals): () => void {
  const shared = ending()
  shared.signal ??= signal
  shared.parts += 1
  return () => {
    shared.parts -= 1
    if (shared.parts === 0) process.exit()
  }
}

/** The signal by which the process ends already. */
export function endingSignal(): NodeJS.Signals | undefined {
  return ending().signal
}
