// The worker's file: serves whichever backend the page asks for.

import { cpu } from '@rnn/backend-cpu'
import { wasm } from '@rnn/backend-wasm'
import { serve } from '@rnn/backend-worker/serve'

serve(({ backend, ...options }) => (backend === 'cpu' ? cpu() : wasm(options)))
