// The CPU backend passes the whole kit, with every fused op declared.

import { cpu } from '@rnn/backend-cpu'
import { FUSED_OPS } from '@rnn/core'
import { describeBackend } from '@rnn/conformance/vitest'

describeBackend('cpu', () => cpu(), { fused: FUSED_OPS })
