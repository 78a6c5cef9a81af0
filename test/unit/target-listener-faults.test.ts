import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ListenerFaults } from '#brink/faulty/listener_faults.js'

test('what listeners cannot do is told once for each phase, and all else is done', () => {
  const paces: number[] = []
  const reactor = { paceAccepts: (interval: number) => paces.push(interval), limitReceiveBuffer: () => {} }
  const reported: (Error & { code?: string })[] = []
  const passed = { port: undefined, again: undefined }
  const faults = new ListenerFaults({ reactors: [reactor as never], sockets: [passed] }, (error) =>
    reported.push(error),
  )
  faults.apply({ refuse: true, acceptPerSecond: 100 })
  assert.ok(faults.listens)
  assert.equal(paces, [10_000])
  assert.equal(
    reported.map(({ code }) => code),
    ['ERR_LISTENER_FAULT'],
  )
  assert.match(reported[0]?.message ?? '', /cannot close a socket that another process has opened/)
  faults.apply({ receiveBuffer: 4096, hold: true })
  assert.match(reported[1]?.message ?? '', /has no receive window/)
  faults.apply(null)
  assert.equal(paces, [10_000, Number.POSITIVE_INFINITY, 0])
  assert.is(reported.length, 2)
})

test.run()
