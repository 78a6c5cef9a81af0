/** The error that a promise rejects with. One that is kept fails the test. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  if (error instanceof Error) return error
  throw new Error('it was not rejected with an error')
}
