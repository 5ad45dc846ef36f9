// Kernels that work row by row: softmax, cross-entropy, layer norm.

import { sizeOf } from '@rnn/core'
import { addressOf, addressOrZero } from '../kernel.ts'
import type { Kernel } from '../kernel.ts'
import { checkIndices } from './gather.ts'

export const softmax: Kernel<'softmax'> = (call, machine) => {
  const [x] = call.inputs
  const [out] = call.outputs
  const length = x.shape.at(-1) ?? 1
  const count = sizeOf(x.shape)
  if (count === 0) return
  const parts = machine.partsFor(count * 4)
  machine
    .begin(parts)
    .int(count / length)
    .int(length)
  machine
    .int(addressOf(x, machine))
    .int(addressOf(out, machine))
    .int(call.attributes.log ? 1 : 0)
  machine.run('softmax')
}

export const crossEntropyForward: Kernel<'crossEntropyForward'> = (call, machine) => {
  const [logits, labels, classWeights] = call.inputs
  const [loss, logSumExp] = call.outputs
  const [rows, classes] = logits.shape as readonly [number, number]
  checkIndices('crossEntropy', labels, classes, machine)
  if (rows === 0) return
  const parts = machine.partsFor(rows * classes * 4)
  machine.begin(parts).int(rows).int(classes)
  machine.int(addressOf(logits, machine)).int(addressOf(labels, machine)).int(addressOrZero(classWeights, machine))
  machine.float(call.attributes.labelSmoothing)
  machine.int(addressOf(loss, machine)).int(addressOf(logSumExp, machine))
  machine.run('crossEntropyForward')
}

export const crossEntropyBackward: Kernel<'crossEntropyBackward'> = (call, machine) => {
  const [gradLoss, logits, labels, classWeights, logSumExp] = call.inputs
  const [gradLogits] = call.outputs
  const [rows, classes] = logits.shape as readonly [number, number]
  checkIndices('crossEntropy', labels, classes, machine)
  if (rows * classes === 0) return
  const parts = machine.partsFor(rows * classes * 4)
  machine.begin(parts).int(rows).int(classes)
  machine.int(addressOf(logits, machine)).int(addressOf(labels, machine)).int(addressOrZero(classWeights, machine))
  machine.float(call.attributes.labelSmoothing)
  machine.int(addressOf(gradLoss, machine)).int(addressOf(logSumExp, machine)).int(addressOf(gradLogits, machine))
  machine.run('crossEntropyBackward')
}

export const layerNormForward: Kernel<'layerNormForward'> = (call, machine) => {
  const [x, gain, bias] = call.inputs
  const [y, mean, rstd] = call.outputs
  const length = x.shape.at(-1)!
  const rows = sizeOf(mean.shape)
  if (rows === 0) return
  const parts = machine.partsFor(rows * length)
  machine.begin(parts).int(rows).int(length)
  machine.int(addressOf(x, machine)).int(addressOrZero(gain, machine)).int(addressOrZero(bias, machine))
  machine.float(call.attributes.epsilon)
  machine.int(addressOf(y, machine)).int(addressOf(mean, machine)).int(addressOf(rstd, machine))
  machine.run('layerNormForward')
}

export const layerNormBackward: Kernel<'layerNormBackward'> = (call, machine) => {
  const [gradY, x, gain, mean, rstd] = call.inputs
  const [gradX, gradGain, gradBias] = call.outputs
  const length = x.shape.at(-1)!
  machine
    .begin(1, 2 * (length + 16) * 4)
    .int(sizeOf(mean.shape))
    .int(length)
  machine.int(addressOf(gradY, machine)).int(addressOf(x, machine)).int(addressOrZero(gain, machine))
  machine.int(addressOf(mean, machine)).int(addressOf(rstd, machine)).int(addressOf(gradX, machine))
  machine.int(addressOrZero(gradGain, machine)).int(addressOrZero(gradBias, machine))
  machine.run('layerNormBackward')
}
