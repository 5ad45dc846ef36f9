/** The worker of `rnn-wasm-worker`. */

import { wasm } from '@rnn/backend-wasm'
import { serve } from '@rnn/backend-worker/serve'

serve(() => wasm())
