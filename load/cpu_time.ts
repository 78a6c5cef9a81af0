// How much CPU time a process has used, user and system together, all of its threads. Requests per second of *that*
// compare servers fairly on a busy machine: time spent waiting, for a core or for the load generator, does not count.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** USER_HZ: Linux reports in hundredths of a second whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100

export function cpuSeconds(pid: number): number {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
}

function fromProc(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field is the program's name in parentheses and may hold spaces: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime, stime] = [Number(fields[11]), Number(fields[12])]
  return (utime + stime) / TICKS_PER_SECOND
}

function fromPs(pid: number): number {
  const cputime = execFileSync('ps', ['-o', 'cputime=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  // [[days-]hours:]minutes:seconds
  const [clock = '0', days = '0'] = cputime.split('-').reverse()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Number(days) * 86_400 + seconds
}
