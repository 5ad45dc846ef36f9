/** What PyTorch does for a task: it times itself, because a message to another process takes longer than a step. */

import { recurrentData } from '../../workloads/recurrent-data.ts'
import { seq2seqData } from '../../workloads/seq2seq-data.ts'
import { stepSizes } from '../../workloads/step.ts'
import { textData } from '../../workloads/text-data.ts'
import { isStandard, type NetworkTask, type Task } from '../../workloads/workload.ts'
import { EQUATIONS } from '../equations.ts'
import type { Implementation, Outputs, Preparation } from '../subject.ts'
import { findPython, startPython } from './python.ts'

type Arrays = Readonly<Record<string, Float32Array | Int32Array>>
type Encoded = Readonly<Record<string, string>>

/** `nn.LSTM`, `nn.GRU` and `nn.Embedding` with the weights of the data. */
export async function torchImplementations(task: Task): Promise<Preparation> {
  if (task.kind === 'matmul' || task.kind === 'add') return { cannot: 'nobody has written this for it' }
  const equation = equationOf(task)
  if (equation === undefined) return { cannot: 'nobody has written this for it' }
  const python = startPython(findPython() ?? 'python3')
  const request = { type: 'prepare', task: sized(task), data: encode(dataOf(task)) }
  const names = (await python.ask(request)) as readonly string[]
  return names.map((name, index): Implementation => ({
    name,
    equation,
    timed: true,
    async outputs() {
      const reply = (await python.ask({ type: 'outputs', index })) as Readonly<Record<keyof Outputs, Encoded>>
      return { values: decode(reply.values), gradients: decode(reply.gradients), updated: decode(reply.updated) }
    },
    run: () => {
      throw new Error('PyTorch times itself')
    },
    timeRuns: async (limits) => (await python.ask({ type: 'run', index, ...limits })) as number[],
  }))
}

function equationOf(task: NetworkTask): string | undefined {
  if (task.kind === 'text') return EQUATIONS.text
  if (task.kind === 'seq2seq') return EQUATIONS.seq2seq
  if (task.kind === 'recurrent' && task.inputGradient === false) return undefined
  return isStandard(task.cell) ? EQUATIONS[task.cell] : undefined
}

/** The task with the sizes of its layer beside it, under one name for all kinds. */
function sized(task: NetworkTask): object {
  return task.kind === 'step' ? { ...task, sizes: stepSizes(task) } : task
}

function dataOf(task: NetworkTask): Arrays {
  if (task.kind === 'text') {
    const { words, labels, weights } = textData(task)
    return { words, labels, ...weights }
  }
  if (task.kind === 'seq2seq') {
    const { source, target, labels, weights } = seq2seqData(task)
    return { source, target, labels, ...weights }
  }
  const { cell } = task
  return { ...recurrentData({ cell, sizes: task.kind === 'step' ? stepSizes(task) : task.sizes }) }
}

function encode(arrays: Arrays): Encoded {
  const encoded = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array): string =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, encoded(array)]))
}

function decode(encoded: Encoded): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(encoded).map(([name, text]) => {
      const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
      return [name, new Float32Array(bytes.buffer)]
    }),
  )
}
