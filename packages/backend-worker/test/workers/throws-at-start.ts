import { serve } from '@rnn/backend-worker/serve'
import { RnnError } from '@rnn/core'

serve(() => {
  throw new RnnError({ code: 'E_UNSUPPORTED', operation: 'wasm', problem: 'no SIMD here', fix: 'use cpu()' })
})
