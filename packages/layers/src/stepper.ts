// Streaming: a model that takes one time step at a time and carries its states. The calls of a step are made once and run again.

import {
  capture,
  copy,
  formatShape,
  hold,
  RnnError,
  scope,
  sizeOf,
  tensorsIn,
  viewAs,
  zeros,
  tensor,
  type Backend,
  type BufferHandle,
  type BufferRange,
  type Captured,
  type OpCall,
  type Operand,
  type Shape,
  type Tensor,
} from '@rnn/core'
import type { Carry } from './context.ts'
import type { AnyModule, Module } from './module.ts'

/** Options of `model.stepper`. */
export interface StepperOptions {
  /** Shape of one step's input: `[batch, 1, features]`, or `[batch, 1]` for ids. */
  readonly shape: Shape
  /** Default: int32 for `[batch, 1]`, else float32. */
  readonly dtype?: 'float32' | 'int32'
}

/** A step's calls, and where its output then lies. */
interface Program {
  readonly calls: readonly OpCall[]
  readonly output: BufferRange
}

/**
 * Feeds a model one time step at a time; its recurrent layers go on from where they were. A step makes no tensors and no calls: it writes the
 * input, runs kept calls and reads the output. Changes of the weights are seen at once. Made by `model.stepper`.
 */
export class Stepper {
  /** Shape of a step's output. */
  readonly outputShape: Shape
  readonly #model: AnyModule
  readonly #backend: Backend
  readonly #input: Tensor
  readonly #states: readonly Tensor[]
  /** The values of the model's variables when the calls were made. A variable that gets another tensor frees the one before. */
  readonly #values: readonly Tensor[]
  readonly #captured: Captured<Tensor>
  /** Two programs that differ in which of two sets of buffers holds the states before the step: nothing is copied between steps. */
  readonly #programs: readonly [Program, Program]
  #turn: 0 | 1 = 0
  #disposed = false

  constructor(model: Module, options: StepperOptions) {
    const { backend } = model
    const { shape, dtype = shape.length === 2 ? 'int32' : 'float32' } = options
    this.#model = model
    this.#backend = backend
    const before = new Map<object, readonly Tensor[]>()
    const after = new Map<object, readonly Tensor[]>()
    const carry: Carry = {
      before(layer, widths, batch) {
        if (before.has(layer)) {
          throw new RnnError({
            code: 'E_UNSUPPORTED',
            operation: 'stepper',
            problem: 'a recurrent layer is used twice in one forward pass, and would need two states',
            fix: 'use a layer of its own for each place',
          })
        }
        // Written, not filled: a fill would be one of the calls that every step repeats.
        const states = widths.map((width) =>
          hold(tensor(new Float32Array(batch * width), { backend, shape: [batch, width] })),
        )
        before.set(layer, states)
        return states
      },
      after: (layer, states) => void after.set(layer, states),
    }
    this.#values = model.variables().map(({ variable }) => variable.value)
    this.#input = hold(zeros(shape, { backend, dtype }))
    let captured: Captured<Tensor> | undefined
    try {
      const context = { training: false, key: undefined, lengths: undefined, carry }
      captured = scope(backend, () => {
        // The pass that is captured is no step: what the model itself keeps stays as it was.
        const kept = model.states().map(({ variable }) => ({ variable, value: copy(variable.value) }))
        const calls = capture(backend, () => onlyTensor(model.forward(this.#input, context)))
        for (const { variable, value } of kept) variable.assign(value)
        return calls
      })
      if (this.#values.some(({ disposed }) => disposed)) throw replacesState()
      this.#states = [...before.values()].flat()
      const output = captured.result
      this.outputShape = output.shape
      const range = {
        buffer: output.storage.buffer,
        byteOffset: output.placement.byteOffset,
        byteLength: output.size * 4,
      }
      const swaps = swapsOf([...before.keys()].map((layer) => [before.get(layer) ?? [], after.get(layer) ?? []]))
      const first = { calls: captured.calls, output: range }
      this.#programs = [first, exchange(first, swaps)]
      this.#captured = captured
    } catch (error) {
      for (const made of [this.#input, ...[...before.values()].flat(), ...tensorsIn(captured?.result)]) made.dispose()
      captured?.release()
      throw error
    }
    this.reset()
  }

  /** States back to zero: the next step is the first of a new sequence. */
  reset(): void {
    this.#assertLive()
    for (const state of this.#states) this.#backend.write(state.storage.buffer, new Float32Array(state.size))
    this.#turn = 0
  }

  /**
   * One time step, where the backend has its memory at hand.
   *
   * @param input as many values as the shape holds, in its dtype
   * @returns the output, an array of its own
   * @throws E_UNSUPPORTED where the backend can't read without waiting: use `stepAsync`; E_SHAPE, E_DISPOSED
   */
  step(input: Float32Array | Int32Array): Float32Array {
    const backend = this.#backend
    if (backend.readSync === undefined) {
      throw new RnnError({
        code: 'E_UNSUPPORTED',
        operation: 'stepper',
        problem: `the backend '${backend.name}' can't read without waiting`,
        fix: 'use await stepper.stepAsync(input)',
      })
    }
    return viewAs('float32', backend.readSync(this.#run(input)))
  }

  /** One time step on any backend. Steps may be started before earlier ones are read; they take effect in order. */
  async stepAsync(input: Float32Array | Int32Array): Promise<Float32Array> {
    const [bytes] = await this.#backend.read([this.#run(input)])
    return viewAs('float32', bytes ?? new Uint8Array(0))
  }

  /** Frees the stepper's buffers; the model stays. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    for (const tensor of [this.#input, ...this.#states, this.#captured.result]) tensor.dispose()
    this.#captured.release()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  #run(input: Float32Array | Int32Array): BufferRange {
    this.#assertLive()
    const target = this.#input
    if (input.length !== target.size || input instanceof Float32Array !== (target.dtype === 'float32')) {
      throw new RnnError({
        code: 'E_SHAPE',
        operation: 'stepper',
        problem: `a ${input.constructor.name} of ${input.length} for an input of ${target.dtype} ${formatShape(target.shape)}`,
        fix: `give ${sizeOf(target.shape)} values`,
      })
    }
    const { calls, output } = this.#programs[this.#turn]
    this.#backend.write(target.storage.buffer, input)
    for (const call of calls) this.#backend.run(call)
    this.#turn = this.#turn === 0 ? 1 : 0
    return output
  }

  #assertLive(): void {
    if (this.#disposed) throw gone('it was disposed')
    for (const value of this.#values) if (value.disposed) throw this.#withoutValues()
    if (this.#model.backend !== this.#backend) throw this.#moved()
  }

  #withoutValues(): RnnError {
    if (!this.#model.variables().every(({ variable }) => variable.initialized)) return gone('the model was disposed')
    if (this.#model.backend !== this.#backend) return this.#moved()
    return gone("the model's values were replaced since it was made")
  }

  #moved(): RnnError {
    return gone(`the model has moved to '${this.#model.backend.name}'`)
  }
}

function gone(problem: string): RnnError {
  return new RnnError({
    code: 'E_DISPOSED',
    operation: 'stepper',
    problem,
    fix: 'make a new one with model.stepper(…)',
  })
}

function replacesState(): RnnError {
  return new RnnError({
    code: 'E_UNSUPPORTED',
    operation: 'stepper',
    problem: 'the model writes a state of which a view is still in use, and so gives it a new place at each step',
    fix: 'compute from copy(state.value)',
  })
}

function onlyTensor(output: unknown): Tensor {
  const [tensor, ...others] = tensorsIn(output)
  if (
    tensor !== undefined &&
    others.length === 0 &&
    tensor.dtype === 'float32' &&
    tensor.placement.rows === undefined
  ) {
    return tensor
  }
  throw new RnnError({
    code: 'E_UNSUPPORTED',
    operation: 'stepper',
    problem: 'the model does not give one contiguous float32 tensor',
    fix: 'write a module whose forward does',
  })
}

/** Pairs of buffers that change places between two steps. */
function swapsOf(
  pairs: readonly (readonly [before: readonly Tensor[], after: readonly Tensor[]])[],
): Map<BufferHandle, BufferHandle> {
  const swaps = new Map<BufferHandle, BufferHandle>()
  for (const [before, after] of pairs) {
    before.forEach((old, i) => {
      const next = after[i]
      const whole =
        next !== undefined && next.placement.rows === undefined && next.storage.byteLength === old.storage.byteLength
      if (!whole || swaps.has(next.storage.buffer) || swaps.has(old.storage.buffer)) {
        throw new RnnError({
          code: 'E_UNSUPPORTED',
          operation: 'stepper',
          problem: 'a cell gives a state that is no tensor of its own',
          fix: 'let its step return copy(state)',
        })
      }
      swaps.set(old.storage.buffer, next.storage.buffer)
      swaps.set(next.storage.buffer, old.storage.buffer)
    })
  }
  return swaps
}

/** The same program with some buffers in one another's place. */
function exchange({ calls, output }: Program, swaps: ReadonlyMap<BufferHandle, BufferHandle>): Program {
  const swapped = (buffer: BufferHandle): BufferHandle => swaps.get(buffer) ?? buffer
  const operand = (each: Operand | null): Operand | null => each && { ...each, buffer: swapped(each.buffer) }
  return {
    calls: calls.map(
      (call) =>
        ({ ...call, inputs: call.inputs.map(operand), outputs: call.outputs.map(operand) }) as unknown as OpCall, // operand for operand
    ),
    output: { ...output, buffer: swapped(output.buffer) },
  }
}
