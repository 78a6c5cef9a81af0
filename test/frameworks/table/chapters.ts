// The table of exchanges, by what they are about.

import type { Exchange } from '../twins/exchange.js'
import { aborts } from './aborts.js'
import { bodies } from './bodies.js'
import { closing } from './closing.js'
import { connections } from './connections.js'
import { destroying } from './destroying.js'
import { refusals } from './refusals.js'
import { requestHeads } from './request_heads.js'
import { responseFields } from './response_fields.js'
import { responseHeads } from './response_heads.js'
import { slowReaders } from './slow_readers.js'
import { timeouts } from './timeouts.js'
import { upgrades } from './upgrades.js'
import { writing } from './writing.js'

export const chapters: Readonly<Record<string, readonly Exchange[]>> = {
  'request heads': requestHeads,
  refusals,
  'response heads': responseHeads,
  'response fields': responseFields,
  writing,
  bodies,
  connections,
  aborts,
  destroying,
  'slow readers': slowReaders,
  upgrades,
  timeouts,
  closing,
}
