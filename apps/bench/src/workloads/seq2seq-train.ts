/** A training step of a translation model, as `apps/translation` trains it: `seq2seq-train-64x14`, sentences × words. */

import { forwardFlop, type Seq2seqTask, type WorkloadFamily } from './workload.ts'

const NATIVE_BAR = 0.5
const PEER_BAR = 20

/** Matrix products of the forward pass, each written once, as the equations have them. */
function forwardProducts({ batch, time, vocabularySize, embeddingSize, units }: Seq2seqTask): number {
  const memory = 2 * units
  const positions = batch * time
  const layer = (inputSize: number): number => forwardFlop('gru', { batch, time, inputSize, units })
  const attention = 2 * positions * units * (units + memory) + 2 * positions * time * (units + memory)
  const readout = 2 * positions * units * (units + memory + embeddingSize)
  const bridge = 2 * batch * memory * units
  const output = 2 * positions * units * vocabularySize
  return 2 * layer(embeddingSize) + bridge + layer(embeddingSize + memory) + attention + readout + output
}

/** The family of the translation models: 8,000 words, embedding 256, GRU 512 (bidirectional encoder), additive attention, unless the id says other sizes. */
export const seq2seqTrain: WorkloadFamily = {
  form: 'seq2seq-train-BxT[xWORDSxIxH]',
  defaults: ['seq2seq-train-64x14'],
  parse(id) {
    const [, sentences, others] = /^seq2seq-train-([1-9]\d{0,3}x[1-9]\d{0,2})((?:x[1-9]\d{0,4}){3})?$/.exec(id) ?? []
    if (sentences === undefined) return undefined
    const [batch = 0, time = 0] = sentences.split('x').map(Number)
    const [, vocabularySize = 8000, embeddingSize = 256, units = 512] = (others ?? '').split('x').map(Number)
    const task: Seq2seqTask = { kind: 'seq2seq', batch, time, vocabularySize, embeddingSize, units }
    return {
      id,
      title: 'encoder–decoder with attention, training step',
      cases: [{ name: sentences, task, flop: 3 * forwardProducts(task), tokens: batch * time }],
      bars: [
        { kind: 'faster', subject: 'rnn-wasm', than: ['torch'], atLeast: NATIVE_BAR },
        { kind: 'faster', subject: 'rnn-wasm', than: ['tfjs-cpu'], atLeast: PEER_BAR },
      ],
    }
  },
}
