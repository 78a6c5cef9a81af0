import { serve } from '../../../dist/index.js'

await serve(() => 'hello')
