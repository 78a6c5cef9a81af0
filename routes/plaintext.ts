/** The `/plaintext` of the TechEmpower benchmarks. */
export const GET = () => 'Hello, World!'
