// How far gradients reach back through time.

import { valueAndGrad } from '@rnn/autodiff'
import { add, formatShape, readTensors, reshape, RnnError, scope, sizeOf, slice, zeros, type Tensor } from '@rnn/core'
import { INFERENCE, Recurrent, upload, type Carry, type HostArray, type Module } from '@rnn/layers'
import { StreamPass } from '../trainer/stream-state.ts'
import { normsOnDevice } from './gradient-norms.ts'

/** Which of the states that a module carries is the hidden state of its last layer. */
interface HiddenState {
  /** The recurrent layer, in the order in which a forward pass comes to them. */
  readonly visit: number
  /** Among the states of that layer. */
  readonly state: number
  readonly units: number
}

/**
 * The Euclidean norms of ∂L/∂h(T−k), for k = 0 … T − 1: how much the hidden state of k steps ago still moves a loss at the end of the sequence (Bengio, Simard & Frasconi
 * 1994; Pascanu, Mikolov & Bengio 2013). Falling towards zero they vanish, growing they explode.
 *
 * The layer runs step by step, without dropout. Any that goes on from a carried state will do: `lstm`, `gru`, `simpleRnn`, `rnn(cell)`, stacked or not, and modules whose
 * output is the hidden state of their last recurrent layer; of several layers it is the last one's hidden state that is meant.
 *
 * ```ts
 * const layer = await gru({ units: 16, inputSize: 4 }).init(backend, { seed: 1 })
 * const inputs = { data: new Float32Array(8 * 100 * 4).fill(1), shape: [8, 100, 4] }
 * const norms = await gradientsByLag(layer, inputs, (hidden) => mean(square(hidden)))
 * norms[0] // by the last hidden state itself; norms[99]: by the first
 * ```
 *
 * @param layer after `init`
 * @param inputs `[batch, time, …]`
 * @param loss a float32 scalar of the last hidden state, `[batch, units]`
 * @throws E_UNSUPPORTED for a layer that carries no state or reads the sequence from its end, E_SHAPE for inputs without time steps and for an output that is no
 * hidden state
 */
export async function gradientsByLag(
  layer: Module,
  inputs: HostArray | Tensor,
  loss: (hidden: Tensor) => Tensor,
): Promise<number[]> {
  const { backend } = layer
  const reading = scope(backend, () => {
    const x = upload<HostArray | Tensor>({ inputs }, backend).inputs as Tensor
    const [batch = 0, time = 0] = x.shape
    if (x.rank < 2 || sizeOf(x.shape) === 0) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'gradientsByLag',
        problem: `the inputs have shape ${formatShape(x.shape)}`,
        fix: 'give [batch, time, features], or [batch, time] for ids, with a row and a time step at least',
      })
    }
    const hidden = hiddenStateOf(layer, slice(x, 1, 0, 1))
    const shape = [batch, hidden.units]
    // Zeros are added to each hidden state: the gradient by what is added is that by the state.
    const added = Array.from({ length: time }, () => zeros(shape, { backend }))
    const passes: StreamPass[] = []
    try {
      const { gradients } = valueAndGrad((offsets: readonly Tensor[]) => {
        let output = x
        for (let t = 0; t < time; t++) {
          const pass = new StreamPass(backend, passes.at(-1)?.states)
          passes.push(pass)
          const carry = withOffset(pass, hidden, offsets[t - 1])
          output = layer.forward(slice(x, 1, t, 1), { ...INFERENCE, carry })
        }
        const last = reshape(output, shape)
        return loss(add(last, offsets[time - 1] ?? last))
      })(added)
      const byLag = added.map((_, lag) => [lag, gradients[time - 1 - lag] ?? x] as const)
      return { norms: readTensors([normsOnDevice(Object.fromEntries(byLag))]) }
    } finally {
      for (const pass of passes) pass.dispose()
    }
  })
  const [norms = []] = await reading.norms
  return Array.from(norms)
}

/** Takes one step to see. */
function hiddenStateOf(layer: Module, x: Tensor): HiddenState {
  return scope(x.backend, () => {
    const pass = new StreamPass(x.backend, undefined)
    const visited: object[] = []
    const carry: Carry = {
      before: (each, widths, batch) => {
        visited.push(each)
        return pass.before(each, widths, batch)
      },
      after: (each, states) => pass.after(each, states),
    }
    try {
      const output = layer.forward(x, { ...INFERENCE, carry })
      pass.assertUsed()
      const visit = visited.length - 1
      const states = pass.states[visit] ?? []
      const last = visited[visit]
      const own = last instanceof Recurrent ? last.cell.stateSizes(last.options.units).length : states.length
      const state = states.length - own // those of the top layer come last
      const units = states[state]?.shape[1] ?? 0
      if (sizeOf(output.shape) === (x.shape[0] ?? 0) * units) return { visit, state, units }
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'gradientsByLag',
        problem: `a step gives ${formatShape(output.shape)}, the hidden state has ${units} units`,
        fix: 'give the recurrent layer itself, and let the loss compute what comes after it',
      })
    } finally {
      pass.dispose()
    }
  })
}

/** Adds something to one of the states on the way from step to step. */
function withOffset(pass: StreamPass, { visit, state }: HiddenState, offset: Tensor | undefined): Carry {
  let visits = 0
  return {
    before(layer, widths, batch) {
      const states = pass.before(layer, widths, batch)
      const hidden = states[state]
      if (visits++ !== visit || offset === undefined || hidden === undefined) return states
      return states.with(state, add(hidden, offset))
    },
    after: (layer, states) => pass.after(layer, states),
  }
}
