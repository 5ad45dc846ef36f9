// What dist/inline-worker.js is made from: the worker of the README of @rnn/backend-worker, with all that it imports.

import { serve } from '@rnn/backend-worker/serve'
import { wasm } from '../dist/inline.js'

serve((options) => wasm(options))
