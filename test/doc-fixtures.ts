/** The names that examples in the documentation may use without declaring them, and the packages that they may use. */
import * as autodiff from '@rnn/autodiff'
import * as backendCpu from '@rnn/backend-cpu'
import * as core from '@rnn/core'

const modules: Readonly<Record<string, object>> = {
  '@rnn/core': core,
  '@rnn/autodiff': autodiff,
  '@rnn/backend-cpu': backendCpu,
}

/** The packages whose examples run here; `@rnn/data` runs its own. */
export const packageNames: readonly string[] = Object.keys(modules)

/** The exports of a package by name. */
export function exportsOf(packageName: string): object {
  const found = modules[packageName]
  if (found === undefined) throw new Error(`an example imports ${packageName}; add it to doc-fixtures.ts`)
  return found
}

/** Fresh values for one example, on a backend of its own. */
export async function fixtures(): Promise<Readonly<Record<string, unknown>>> {
  const { arange, gruCell, key, ones, tensor, uniform, zeros } = core
  const backend = await backendCpu.cpu()
  const [B, T, H] = [2, 3, 128]
  const specs = Object.entries(gruCell.parameters(4, H))
  return {
    backend,
    B,
    T,
    H,
    step: 0,
    calls: [],
    a: ones([2, 3], { backend }),
    b: ones([3, 2], { backend }),
    w: ones([4, 2], { backend }),
    y: zeros([B, T, 2], { backend }),
    x: uniform(key(1), [B, T, 4], { backend }),
    h: zeros([B, T, H], { backend }),
    hidden: zeros([B, H], { backend }),
    projected: zeros([B, 3 * H], { backend }),
    parameters: Object.fromEntries(specs.map(([name, { shape }]) => [name, zeros(shape, { backend })])),
    lengths: tensor(Int32Array.of(3, 2), { backend }),
    positions: arange(B, { backend, dtype: 'int32' }),
    scores: zeros([B], { backend }),
    lossTensor: zeros([], { backend }),
    accuracyTensor: zeros([], { backend }),
  }
}
