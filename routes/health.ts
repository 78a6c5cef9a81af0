/** For probes: the server answers, so it is well. */
export const GET = () => ({ status: 'ok' })
