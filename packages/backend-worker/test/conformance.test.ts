// The whole kit through a thread: what passes here passes by messages alone.

import { describeBackend } from '@rnn/conformance/vitest'
import { FUSED_OPS } from '@rnn/core'
import { remote } from '../src/index.ts'
import { spawn } from './spawn.ts'

describeBackend('cpu in a worker', () => remote(spawn('cpu')), { fused: FUSED_OPS })
