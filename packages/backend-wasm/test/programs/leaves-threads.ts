// Makes a backend with a worker, uses it, and ends without a word to either.

import { tensor } from '@rnn/core'
import { wasm } from '../../src/index.ts'

const backend = await wasm({ threads: 2, grain: 1 })
tensor(new Float32Array(1000), { backend })
process.stdout.write(`${backend.info.threads} threads\n`)
