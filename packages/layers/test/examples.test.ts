// Runs the examples of the README and of the doc comments. Each is a module of its own; what it doesn't define stands ready under the names of `fixtures`.

import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import * as backendCpu from '@rnn/backend-cpu'
import * as core from '@rnn/core'
import * as layers from '@rnn/layers'
import { describe, expect, test } from 'vitest'
import { ids, waves } from './support/host.ts'

const root = join(import.meta.dirname, '..')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name))

const examples = ['README.md', ...sources].flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8').replace(/^ *\* ?/gm, file.endsWith('.md') ? '$&' : '')
  return Array.from(text.matchAll(/^```ts\n(.*?)^```/gms), ([, code = ''], i) => ({ title: `${file} ${i + 1}`, code }))
})

const AsyncFunction = (async () => {}).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<unknown>

/** The body of an async function: without types, and with imports from what is there already. */
function runnable(code: string): string {
  return stripTypeScriptTypes(code.replace(/^import \{([^}]*)\} from '(@rnn\/[\w-]+)'$/gm, '')).replace(/^\s*\n/gm, '')
}

async function fixtures(): Promise<Record<string, unknown>> {
  const { dense, embedding, gru, Module, saveModel, sequential, lstm } = layers
  const backend = await backendCpu.cpu()
  const initialized = <M extends layers.AnyModule>(module: M): Promise<M> => module.init(backend, { seed: 1 })
  const classifier = await initialized(
    sequential(embedding({ vocabularySize: 9, units: 2 }), gru({ units: 4, returns: 'last' }), dense({ units: 3 })),
  )
  class WithEncoder extends Module {
    readonly encoder = gru({ units: 4, inputSize: 2 })
    override forward(x: core.Tensor): core.Tensor {
      return this.encoder.forward(x)
    }
  }
  const files = await saveModel(classifier)
  const encoder = gru({ units: 4, inputSize: 2 })
  const pytorchState = new Map<string, layers.HostArray>([
    ['encoder.weight_ih_l0', waves(12, 2)],
    ['encoder.weight_hh_l0', waves(12, 4)],
  ])
  const translator = await initialized(
    layers.encoderDecoder({
      source: embedding({ vocabularySize: 9, units: 4 }),
      encoder: gru({ units: 4 }),
      decoder: gru({ units: 4 }),
      attention: layers.additiveAttention({ units: 4 }),
    }),
  )
  const x = core.tensor(waves(2, 3, 2).data, { backend, shape: [2, 3, 2] })
  return {
    ...core,
    ...backendCpu,
    ...layers,
    backend,
    model: classifier,
    batch: { inputs: ids([2, 3], 1, 2, 3, 4, 5, 6), lengths: ids([2], 3, 2), targets: ids([2], 0, 1) },
    encoder: await initialized(encoder),
    decoder: await initialized(gru({ units: 4, inputSize: 2 })),
    x,
    y: x,
    lengths: core.tensor(Int32Array.of(3, 1), { backend }),
    translator,
    source: core.tensor(Int32Array.of(1, 2, 3, 4, 5, 0), { backend, shape: [2, 3] }),
    sourceLengths: core.tensor(Int32Array.of(3, 2), { backend }),
    withEncoder: await initialized(new WithEncoder()),
    bytes: files['weights.safetensors'],
    text: files['config.json'],
    pytorchBytes: layers.writeSafetensors(pytorchState),
    glove: new Float32Array(400 * 100),
    myCell: core.gruCell,
    config: { type: 'myCell', units: 3 },
    folder: 'model',
    join,
    lstm,
    writeFile: async () => {},
    console: { log: () => {} },
  }
}

describe('examples', () => {
  test('are found', () => {
    expect(examples.length).toBeGreaterThan(20)
    expect(examples.filter(({ title }) => title.startsWith('README.md')).length).toBe(5)
  })

  test.each(examples)('$title', async ({ code }) => {
    const all = await fixtures()
    const body = runnable(code)
    // The names that an example declares itself are no parameters.
    const declared = new Set(
      Array.from(body.matchAll(/(?:const|class) (?:\{([^}]*)\}|(\w+))/g), ([, pattern = '', name = '']) =>
        (name || pattern).split(/[\s,]+/),
      ).flat(),
    )
    const names = Object.keys(all).filter((name) => !declared.has(name))
    const outcome = new AsyncFunction(...names, body)(...names.map((name) => all[name]))
    await expect(outcome).resolves.toBeUndefined()
  })
})
