// The resident memory of another process, as the kernel counts it: Linux.

import { readFileSync, writeFileSync } from 'node:fs'

/** Now, in bytes. */
export function residentBytes(pid: number): number {
  return statusLine(pid, 'VmRSS')
}

/** The most there was since `forgetPeak`. Nothing is too short for it. */
export function peakBytes(pid: number): number {
  return statusLine(pid, 'VmHWM')
}

export function forgetPeak(pid: number): void {
  // proc(5): resets the peak.
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

function statusLine(pid: number, name: string): number {
  const [, kib] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${name}`)
  return Number(kib) * 1024
}

export function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
