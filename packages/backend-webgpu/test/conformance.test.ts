// The whole conformance kit, with every fused op declared but those of cells with options, on the adapter that is here.

import { FUSED_OPS } from '@rnn/core'
import { LEVELS, type Level } from '@rnn/conformance'
import { describeBackend } from '@rnn/conformance/vitest'
import { test } from 'vitest'
import { makeWebgpu, whyNoAdapter } from './adapter.ts'

const absent = await whyNoAdapter()

/** All of them on the sources. The built package is the same code: there what shows a broken build will do, since a driver in software takes minutes for the rest. */
const levels: readonly Level[] = process.env['RNN_RESOLVE'] === 'dist' ? ['storage', 'primitives', 'lifecycle'] : LEVELS

async function wholeKit(): Promise<void> {
  const probe = await makeWebgpu()
  const { device, software } = probe.info
  await probe.dispose()
  describeBackend(`webgpu on ${device}${software ? ', in software' : ''}`, () => makeWebgpu(), {
    fused: FUSED_OPS.filter((op) => !op.startsWith('recurrentVariant')),
    levels,
  })
}

const reason = (): void => test.skipIf(true)(`the conformance kit on webgpu: ${absent}`, () => {})

await (absent === undefined ? wholeKit() : reason())
