// Backends that break one rule each: the CPU backend with one thing changed.

import { cpu } from '@rnn/backend-cpu'
import {
  decorate,
  sizeOf,
  viewAs,
  type Backend,
  type FusedName,
  type OpCall,
  type OpName,
  type Operand,
  type RecurrentKind,
} from '@rnn/core'
import { boundsOf } from '../src/bounds/bounds-of.ts'
import { elementAt, extentOf, mapOperands } from '../src/calls/operands.ts'
import { hostTensor, type HostCall, type HostTensor } from '../src/host-tensor.ts'
import { evaluate } from '../src/reference/evaluate.ts'

/** The CPU backend with other methods. */
export async function broken(override: (backend: Backend) => Partial<Backend>): Promise<Backend> {
  const backend = await cpu()
  return decorate(backend, override(backend))
}

/** The CPU backend on which `change` runs in the place of each call of the op. */
export function brokenOp<Name extends OpName>(
  name: Name,
  change: (call: Extract<OpCall, { op: Name }>, backend: Backend) => void,
): Promise<Backend> {
  return broken((backend) => ({
    run: (call) => (call.op === name ? change(call as Extract<OpCall, { op: Name }>, backend) : backend.run(call)),
  }))
}

/** The CPU backend that takes an input of the op, by its place, for missing. */
export function withoutInput(name: OpName, index: number): Promise<Backend> {
  return broken((backend) => ({
    run: (call) =>
      backend.run(
        call.op === name
          ? ({ ...call, inputs: (call.inputs as readonly (Operand | null)[]).with(index, null) } as unknown as OpCall) // it is one that may be
          : call,
      ),
  }))
}

/** Gates of cells with options are sigmoids, whatever was asked for. */
export function usualGates(): Promise<Backend> {
  return broken((backend) => ({
    run: (call) =>
      backend.run(
        call.op === 'recurrentVariantForward' || call.op === 'recurrentVariantBackward'
          ? ({ ...call, attributes: { ...call.attributes, gate: 'sigmoid' } } as OpCall) // the same call otherwise
          : call,
      ),
  }))
}

/** The elements of an operand. */
export function load(backend: Backend, operand: Operand): Float64Array {
  const bytes = backend.readSync!({
    buffer: operand.buffer,
    byteOffset: operand.byteOffset,
    byteLength: extentOf({ ...operand, offset: 0 }) * 4,
  })
  const words = viewAs(operand.dtype, bytes)
  return Float64Array.from({ length: sizeOf(operand.shape) }, (_, i) => words[elementAt(operand, i)]!)
}

/** Overwrites one element. */
export function poke(backend: Backend, operand: Operand, i: number, value: number): void {
  const word = operand.dtype === 'float32' ? Float32Array.of(value) : Int32Array.of(value)
  backend.write(operand.buffer, word, operand.byteOffset + elementAt(operand, i) * 4)
}

const toHost =
  (backend: Backend) =>
  (operand: Operand): HostTensor =>
    hostTensor(operand.shape, load(backend, operand), operand.dtype)

/** The op gives an error of `factor` times the tolerance at one element of its first output that has one. */
export function offBy(name: OpName, factor: number): Promise<Backend> {
  return broken((backend) => ({
    run(call) {
      if (call.op !== name) return backend.run(call)
      const host = mapOperands<Operand, HostTensor>(call, toHost(backend)) as HostCall
      const before = host.outputs.map((each) => each && { ...each, values: each.values.slice() })
      backend.run(call)
      evaluate(host)
      boundsOf(host, before).forEach((bound, index) => {
        const [output, exact] = [call.outputs[index], host.outputs[index]]
        if (bound === null || typeof bound === 'string' || output == null || exact == null) return
        const finite = Array.from(bound, (each) => (Number.isFinite(each) ? each : 0))
        const worst = finite.indexOf(Math.max(...finite))
        if (worst !== -1) poke(backend, output, worst, exact.values[worst]! + factor * finite[worst]!)
      })
    },
  }))
}

/** Two gates of a cell are taken for one another, in forward and backward alike: gradients still agree with the wrong outputs. */
export function swappedGates(cell: RecurrentKind, first: number, second: number): Promise<Backend> {
  return broken((backend) => {
    /** Runs `body` on a copy of the operand with the gates' columns exchanged. */
    const swap = (values: Float64Array, width: number, gates: number): Float32Array => {
      const units = width / gates
      return Float32Array.from(values, (_, i) => {
        const [row, column] = [Math.floor(i / width), i % width]
        const gate = Math.floor(column / units)
        const other = gate === first ? second : gate === second ? first : gate
        return values[row * width + other * units + (column % units)]!
      })
    }
    return {
      run(call) {
        if ((call.op !== 'recurrentForward' && call.op !== 'recurrentBackward') || call.attributes.cell !== cell)
          return backend.run(call)
        const gates = cell === 'lstm' ? 4 : 3
        const copies: Operand['buffer'][] = []
        const swapped = (operand: Operand | null): Operand | null => {
          if (operand === null) return null
          const values = swap(load(backend, operand), operand.shape.at(-1)!, gates)
          const buffer = backend.allocate(values.byteLength, 'transient')
          backend.write(buffer, values)
          copies.push(buffer)
          return { buffer, byteOffset: 0, shape: operand.shape, dtype: 'float32' }
        }
        if (call.op === 'recurrentForward') {
          const [projected, recurrent, bias, ...rest] = call.inputs
          backend.run({ ...call, inputs: [swapped(projected)!, swapped(recurrent)!, swapped(bias), ...rest] })
        } else {
          const inputs = call.inputs.with(5, swapped(call.inputs[5])) as unknown as typeof call.inputs
          backend.run({ ...call, inputs })
          for (const output of call.outputs.slice(0, 2)) {
            if (output == null) continue
            swap(load(backend, output), output.shape.at(-1)!, gates).forEach((value, i) =>
              poke(backend, output, i, value),
            )
          }
        }
        for (const buffer of copies) backend.release(buffer)
      },
    }
  })
}

/** Every tenth buffer that is released stays. */
export function leaking(): Promise<Backend> {
  let releases = 0
  return broken((backend) => ({
    release(buffer) {
      if (++releases % 10 !== 0) backend.release(buffer)
    },
  }))
}

/** Refuses an op that its author declares. */
export function refusing(name: FusedName): Promise<Backend> {
  return broken((backend) => ({
    supports: (call) => (call.op === name ? { reason: 'not today' } : backend.supports(call)),
  }))
}

/** Says yes, then no, then yes. */
export function undecided(name: FusedName): Promise<Backend> {
  let asked = 0
  return broken((backend) => ({
    supports: (call) => (call.op === name && asked++ % 2 === 1 ? { reason: 'not this time' } : backend.supports(call)),
  }))
}

/** Runs wait until somebody reads; writes don't wait for them. */
export function overtakingWrites(): Promise<Backend> {
  return broken((backend) => {
    const waiting: OpCall[] = []
    const flush = (): void => waiting.splice(0).forEach((call) => backend.run(call))
    return {
      run: (call) => void waiting.push(call),
      release(buffer) {
        flush()
        backend.release(buffer)
      },
      read(ranges) {
        flush()
        return backend.read(ranges)
      },
      readSync(range) {
        flush()
        return backend.readSync!(range)
      },
      sync() {
        flush()
        return backend.sync()
      },
    }
  })
}

/** Reads a little later than it is asked to. */
export function lateReads(): Promise<Backend> {
  return broken((backend) => ({
    async read(ranges) {
      await Promise.resolve()
      return backend.read(ranges)
    },
  }))
}

/** Copies what it is to write when it next has something to do. */
export function lateWrites(): Promise<Backend> {
  return broken((backend) => {
    let pending: (() => void)[] = []
    const flush = (): void => {
      const now = pending
      pending = []
      for (const write of now) write()
    }
    return {
      write: (buffer, data, byteOffset) => void pending.push(() => backend.write(buffer, data, byteOffset)),
      run(call) {
        flush()
        backend.run(call)
      },
      release(buffer) {
        flush()
        backend.release(buffer)
      },
      read(ranges) {
        flush()
        return backend.read(ranges)
      },
      readSync(range) {
        flush()
        return backend.readSync!(range)
      },
    }
  })
}

/** Takes every operand for contiguous. */
export function withoutRows(): Promise<Backend> {
  const strip = ({ buffer, byteOffset, shape, dtype }: Operand): Operand => ({ buffer, byteOffset, shape, dtype })
  return broken((backend) => ({ run: (call) => backend.run(mapOperands<Operand, Operand>(call, strip)) }))
}

/** Takes every operand for one at the start of its buffer. */
export function withoutOffsets(): Promise<Backend> {
  return broken((backend) => ({
    run: (call) => backend.run(mapOperands<Operand, Operand>(call, (operand) => ({ ...operand, byteOffset: 0 }))),
  }))
}

/** Random numbers from the next counter. */
export function shiftedRandom(): Promise<Backend> {
  return brokenOp('random', (call, backend) => {
    const [out] = call.outputs
    const count = sizeOf(out.shape)
    const longer = hostTensor([count + 1], undefined, out.dtype)
    const [key] = call.inputs.map(toHost(backend))
    evaluate({ op: 'random', inputs: [key!], outputs: [longer], attributes: call.attributes })
    backend.run(call)
    for (let i = 0; i < count; i++) poke(backend, out, i, longer.values[i + 1]!)
  })
}
