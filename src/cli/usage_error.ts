/** A wrong command line. The message is shown to the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
