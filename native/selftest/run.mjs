// Builds the self-test in every variant, and runs it.
//
//   npm run test:native [-- VARIANT …]

import { Failure, fetchLlhttp, generateLayout } from '../build.mjs'
import { checkPortability } from './portability.mjs'
import { build, compilersOf, execute, inTurn } from './toolchain.mjs'
import { VARIANTS } from './variants.mjs'
import { askFromOutside, findWine, WINE_ENV } from './wine.mjs'

const total = { passed: 0, failed: 0 }

function chosenVariants(names) {
  const unknown = names.find((name) => !VARIANTS.some((variant) => variant.name === name))
  if (unknown === undefined) return VARIANTS.filter(({ name }) => names.length === 0 || names.includes(name))
  throw new Failure(`There is no variant ${unknown}. There are: ${VARIANTS.map(({ name }) => name).join(', ')}.`)
}

async function test(variant) {
  if (!isPossible(variant)) return
  const program = await build(variant)
  await inTurn(() => runCases(variant, program))
  if (variant.name === 'portable') report(variant, await checkPortability(variant, program))
  if (variant.name === 'windows') report(variant, await inTurn(() => askFromOutside(findWine(), program)))
}

/** What is not installed here is skipped, but not where everything is to be looked at. */
function isPossible(variant) {
  const missing = !compilersOf(variant) || (variant.name === 'windows' && !findWine())
  if (missing && process.env.CI === 'true') fail(variant, 'its tools are not installed')
  else if (missing) console.log(`skip ${variant.name}  (apt-get install ${variant.packages ?? 'g++'})`)
  return !missing
}

async function runCases(variant, program) {
  const words = variant.cases ? [variant.cases] : []
  const command = [...(variant.name === 'windows' ? [findWine()] : []), program, ...words]
  const began = performance.now()
  let { code, output } = await execute(command[0], command.slice(1), { env: { ...variant.env, ...WINE_ENV } })
  // ThreadSanitizer's shadow memory has no room beside the addresses that newer kernels choose at random.
  if (output.includes('unexpected memory mapping')) {
    ;({ code, output } = await execute('setarch', ['-R', ...command], { env: variant.env }))
  }
  const summary = /^(\d+) passed, (\d+) failed\s*$/m.exec(output)
  if (summary) count(Number(summary[1]), Number(summary[2]))
  const ok = code === 0 && summary !== null
  const ms = Math.round(performance.now() - began)
  console.log(
    `${ok ? 'ok  ' : 'FAIL'} ${variant.name}  ${summary ? summary[0].trim() : `ended with ${code}`}  ${ms} ms`,
  )
  if (ok) return
  if (!summary || Number(summary[2]) === 0) count(0, 1)
  const telling = output.split('\n').filter((line) => !line.startsWith('ok  '))
  console.log(telling.join('\n').trimEnd().replace(/^/gm, '     '))
}

function report(variant, results) {
  for (const { name, failure } of results) {
    if (failure) fail(variant, `${name}: ${failure}`)
    else {
      count(1, 0)
      console.log(`ok   ${variant.name}  ${name}`)
    }
  }
}

function fail(variant, why) {
  count(0, 1)
  console.log(`FAIL ${variant.name}  ${why}`)
}

function count(passed, failed) {
  total.passed += passed
  total.failed += failed
}

try {
  const variants = chosenVariants(process.argv.slice(2))
  // A system's llhttp is built without sanitizers and for this system only.
  delete process.env.BRINK_SYSTEM_LLHTTP
  fetchLlhttp()
  generateLayout()
  await Promise.all(
    variants.map((variant) =>
      test(variant).catch((error) => {
        if (!(error instanceof Failure)) throw error
        fail(variant, `${error.message}\n${error.output}`)
      }),
    ),
  )
  console.log(`${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0
} catch (error) {
  if (!(error instanceof Failure)) throw error
  error.exit()
}
