// The conformance kit on every variant of the backend.

import { describeBackend } from '@rnn/conformance/vitest'
import { FUSED_OPS } from '@rnn/core'
import { BUILDS, makeBackend } from './builds.ts'

for (const build of BUILDS) describeBackend(`wasm, ${build.title}`, () => makeBackend(build), { fused: FUSED_OPS })
