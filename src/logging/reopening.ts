// Files that are opened again on SIGUSR1, when logrotate has moved them away. The signal has one listener, which is there
// while there is such a file.

const files = new Set<() => void>()

function reopenAll(): void {
  for (const reopen of files) reopen()
}

/** Calls `reopen` on each SIGUSR1. Gives a function that ends it. Threads of workers get no signals. */
export function onReopen(reopen: () => void): () => void {
  if (files.size === 0) process.on('SIGUSR1', reopenAll)
  files.add(reopen)
  return () => {
    if (files.delete(reopen) && files.size === 0) process.removeListener('SIGUSR1', reopenAll)
  }
}
