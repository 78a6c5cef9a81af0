// Says who its client is, with the options that its argument tells.
import { serve } from 'brink'

await serve(({ ip }) => ip, JSON.parse(process.argv[2] as string))
