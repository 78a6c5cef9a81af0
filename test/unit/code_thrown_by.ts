/** The `code` of the error that a call throws, or of what it threw instead. */
export function codeThrownBy(call: () => unknown): unknown {
  try {
    call()
    return 'nothing was thrown'
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
}
