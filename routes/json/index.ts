/** The `/json` of the TechEmpower benchmarks, whose rule is that each request makes the object and its JSON anew. */
export const GET = () => ({ message: 'Hello, World!' })
