// The whole conformance kit, with every fused op declared, on the adapter that is here.

import { FUSED_OPS } from '@rnn/core'
import { describeBackend } from '@rnn/conformance/vitest'
import { test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()

async function wholeKit(): Promise<void> {
  const probe = await makeWebgpu()
  const { device, software } = probe.info
  await probe.dispose()
  describeBackend(`webgpu on ${device}${software ? ', in software' : ''}`, () => makeWebgpu(), { fused: FUSED_OPS })
}

const reason = (): void => test.skipIf(true)(`the conformance kit on webgpu: ${absent}`, () => {})

await (absent === undefined ? wholeKit() : reason())
