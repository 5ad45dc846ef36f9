// The worker's file: serves whichever backend the page asks for.

import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { webgpu } from '@rnn/backend-webgpu'
import { serve } from '@rnn/backend-worker/serve'

serve(({ backend, ...options }) => {
  switch (backend) {
    case 'cpu':
      return cpu()
    case 'webgpu':
      return webgpu()
    default:
      return wasm(options)
  }
})
