/** The `/pipeline` of HttpArena. */
export const GET = () => 'ok'
