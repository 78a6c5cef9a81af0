// File names as attackers spell them: nothing outside of the folder is sent, and nothing that is hidden.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { files, HttpError, Router, type Server } from 'brink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fileTree } from '../file_tree.js'
import { get } from './messages.js'
import { ask } from './raw_client.js'
import { serving } from './serving.js'

const SECRET = 'nobody may read this'

const tree = fileTree({
  secret: SECRET,
  'public/page.html': 'page',
  'public/docs/index.html': 'docs',
  'public/docs/deep/file.txt': 'deep',
  'public/.env': SECRET,
  'public/.git/config': SECRET,
  'public/docs/.hidden/file.txt': SECRET,
  'public/.well-known/security.txt': 'contact',
  'public/.well-known/.hidden': SECRET,
  'public/..dots': SECRET,
  'public/private/file.txt': SECRET,
  'public-too/file.txt': SECRET,
})
const root = join(tree, 'public')

symlinkSync('docs/index.html', join(root, 'inside'))
symlinkSync('docs', join(root, 'folder'))
symlinkSync('../page.html', join(root, 'docs', 'up'))
symlinkSync('../secret', join(root, 'out'))
symlinkSync('..', join(root, 'parent'))
symlinkSync('/', join(root, 'everything'))
symlinkSync(join(root, 'page.html'), join(root, 'absolute'))
symlinkSync('loop', join(root, 'loop'))
execFileSync('mkfifo', [join(root, 'pipe')])

const app = new Router()
  .get('/*', files(root))
  .get('/below/*', files(root))
  .use('/private', () => {
    throw new HttpError(403)
  })

function served(name: string, use: (server: Server) => Promise<void>): void {
  test(name, () => serving(app, use))
}

const refused = [
  '/../secret',
  '/docs/../../secret',
  '/docs/../../../../../../../../etc/passwd',
  '/%2e%2e/secret',
  '/%2E%2E/secret',
  '/.%2e/secret',
  '/%2e%2e%2fsecret',
  '/docs/%2e%2e/%2e%2e/secret',
  '/..%2fsecret',
  '/..%2Fsecret',
  '/docs%2f..%2f..%2fsecret',
  '/%252e%252e/secret',
  '/%252e%252e%252fsecret',
  '/%25252e%25252e/secret',
  '/..%5csecret',
  '/..%5Csecret',
  '/docs%5c..%5c..%5csecret',
  '/..%255csecret',
  '/%c0%ae%c0%ae/secret',
  '/%c0%af..%c0%afsecret',
  '/%e0%80%ae%e0%80%ae/secret',
  '/%u002e%u002e/secret',
  '/..;/secret',
  '/..%00/secret',
  '/page.html%00',
  '/page.html%00.png',
  '/%00',
  '/page.html%20',
  '/page.html.',
  '/page.html%2e',
  '/page.html/',
  '/page.html/.',
  '/page.html//',
  '/page.html/x',
  '/PAGE.HTML%3A%3A$DATA',
  '/page.html::$DATA',
  '/page.html:stream',
  '//secret',
  '//etc/passwd',
  '///etc/passwd',
  '/.//etc/passwd',
  '/docs//index.html',
  '/%2fetc/passwd',
  '/%2Fetc%2Fpasswd',
  `/${tree}/secret`,
  `/${encodeURIComponent(join(tree, 'secret'))}`,
  '/../public-too/file.txt',
  '/C:%5csecret',
  '/C:/secret',
  '/%5c%5chost%5cshare',
  '/file:///etc/passwd',
  '/CON',
  '/NUL.txt',
  '/COM1',
  '/~/secret',
  '/~root/secret',
  '/out',
  '/parent/secret',
  '/parent/public-too/file.txt',
  '/everything/etc/passwd',
  '/absolute',
  '/loop',
  '/folder/../../secret',
  '/pipe',
  '/.env',
  '/%2eenv',
  '/%2Eenv',
  '/.git/config',
  '/docs/../.git/config',
  '/docs/.hidden/file.txt',
  '/.well-known/.hidden',
  '/..dots',
  '/private%2ffile.txt',
  '/private%2Ffile.txt',
  '/%2fprivate/file.txt',
  '//private/file.txt',
  '/docs//private/file.txt',
  `/${'n'.repeat(300)}`,
  `/${'n/'.repeat(3000)}n`,
  `/${'../'.repeat(2000)}etc/passwd`,
]

served('nothing outside of the folder is sent, and nothing hidden', async (server) => {
  for (const target of refused) {
    for (const spelled of [target, `/below${target}`]) {
      const answer = await ask(server, get(spelled))
      const what = `${spelled.slice(0, 80)}: ${answer.status}`
      assert.ok(answer.status === 404 || answer.status === 400, what)
      assert.not.match(answer.text, /nobody may read|root:/, what)
    }
  }
})

served('a guard of a folder is not walked around', async (server) => {
  for (const target of ['/private/file.txt', '/%70rivate/file.txt', '/x/../private/file.txt', '/./private/file.txt']) {
    assert.is((await ask(server, get(target))).status, 403, target)
  }
})

served('links that stay within the folder are followed', async (server) => {
  assert.is((await ask(server, get('/inside'))).text, 'docs')
  assert.is((await ask(server, get('/folder/index.html'))).text, 'docs')
  assert.is((await ask(server, get('/folder/'))).text, 'docs')
  assert.is((await ask(server, get('/folder/deep/file.txt'))).text, 'deep')
  assert.is((await ask(server, get('/docs/up'))).text, 'page')
})

served('what is well known is not hidden', async (server) => {
  assert.is((await ask(server, get('/.well-known/security.txt'))).text, 'contact')
})

test('names with dots are served where that is asked for', async () => {
  await serving(files(root, { dotfiles: true }), async (server) => {
    assert.is((await ask(server, get('/.env'))).text, SECRET)
    assert.is((await ask(server, get('/.git/config'))).text, SECRET)
    assert.is((await ask(server, get('/../secret'))).status, 404)
    assert.is((await ask(server, get('/..%2fsecret'))).status, 404)
  })
})

test('strange names that are there are served', async () => {
  const folder = fileTree({})
  const names = [
    'a b',
    'a%b',
    'a?b',
    'a#b',
    'a&b=c',
    'ü',
    '日本',
    '😀',
    "it's",
    'a"b',
    'a:b',
    'trailing.',
    '[x]',
    'a,b;c',
  ]
  for (const name of names) writeFileSync(join(folder, name), name)
  mkdirSync(join(folder, 'a:b c'))
  writeFileSync(join(folder, 'a:b c', 'index.html'), 'index')
  await serving(files(folder), async (server) => {
    for (const name of names) assert.is((await ask(server, get(`/${encodeURIComponent(name)}`))).text, name)
    const redirect = await ask(server, get('/a:b%20c'))
    assert.is(redirect.header('location'), './a:b%20c/')
  })
})

test('a file that may not be read is refused', async () => {
  const folder = fileTree({ locked: SECRET, 'closed/file': SECRET })
  chmodSync(join(folder, 'locked'), 0)
  chmodSync(join(folder, 'closed'), 0)
  await serving(files(folder), async (server) => {
    // Nothing is locked to root.
    const expected = process.getuid?.() === 0 ? 200 : 403
    assert.is((await ask(server, get('/locked'))).status, expected)
    assert.is((await ask(server, get('/closed/file'))).status, expected)
  })
  chmodSync(join(folder, 'closed'), 0o700)
})

test.run()
