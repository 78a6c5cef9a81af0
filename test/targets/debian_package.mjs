// A package of Debian for another architecture, unpacked without being installed: apt fetches and checks it with lists of its
// own, and the machine's stay as they are.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, run } from '../../native/build.mjs'

/** The folder of the package's files. */
export function debianPackage(name, architecture, folder) {
  const place = join(folder, `${name}-${architecture}`)
  const [lists, cache, files] = ['lists/partial', 'cache/archives/partial', 'files'].map((part) => join(place, part))
  for (const part of [lists, cache, files]) mkdirSync(part, { recursive: true })
  const settings = join(place, 'apt.conf')
  const status = join(place, 'status')
  writeFileSync(status, '')
  writeFileSync(
    settings,
    [
      `APT::Architecture "${architecture}";`,
      `APT::Architectures { "${architecture}"; };`,
      `Dir::State::lists "${join(place, 'lists')}";`,
      `Dir::State::status "${status}";`,
      `Dir::Cache "${join(place, 'cache')}";`,
      // The folder is this user's.
      'APT::Sandbox::User "";',
      '',
    ].join('\n'),
  )
  const ask = (command, args) => {
    const asked = run(command, args, { cwd: place, env: { ...process.env, APT_CONFIG: settings } })
    if (!asked.ok) throw new Failure(`${command} ${args.join(' ')} failed.`, asked.output)
  }
  ask('apt-get', ['update', '-qq'])
  ask('apt-get', ['download', '-qq', name])
  const [packed] = readdirSync(place).filter((file) => file.endsWith('.deb'))
  ask('dpkg', ['-x', packed, files])
  return files
}
