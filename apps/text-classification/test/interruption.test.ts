/** Ctrl-C in the middle of training, and going on. */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { run, smallTable, temporaryFolder } from './program.ts'

const folder = temporaryFolder({ 'data.tsv': smallTable(400), 'other.tsv': smallTable(300) })
const at = (name: string): string => join(folder, name)
const settings = ['--units', '8', '--embedding', '8', '--epochs', '40', '--batch-size', '8', '--min-frequency', '1']
const train = (out: string, ...more: string[]): string[] => [
  'train',
  '--data',
  at('data.tsv'),
  ...settings,
  '--out',
  out,
  '--no-baseline',
  ...more,
]

/** A training interrupted after its first epochs. */
async function interrupted(out: string): Promise<void> {
  const { code, stderr } = await run(train(out), { interruptAt: /epoch 3 of/ })
  expect(stderr).toMatch(/interrupted: finishing the step and saving/)
  expect(stderr).toContain(`go on with: npx -y pnpm@12 --silent text-classification train --resume --out ${out}`)
  expect(code).toBe(130)
}

describe('Ctrl-C in the middle of training', () => {
  test('saves and says so; --resume goes on to the same model, to the last bit', async () => {
    const whole = at('whole')
    const parts = at('parts')
    expect((await run(train(whole))).code).toBe(0)
    await interrupted(parts)
    expect(readdirSync(parts).toSorted()).toEqual(['checkpoint.safetensors', 'training.json'])

    const { code, stderr } = await run(['train', '--resume', '--out', parts, '--no-baseline'])
    expect(stderr).not.toContain('epoch 2 of')
    expect(stderr).toContain('epoch 40 of')
    expect(code).toBe(0)
    const weights = (out: string): Buffer => readFileSync(join(out, 'weights.safetensors'))
    expect(weights(parts).equals(weights(whole))).toBe(true)
    expect(existsSync(join(parts, 'checkpoint.safetensors'))).toBe(false)
  })

  test('quits at once the second time', async () => {
    const started = performance.now()
    const again = { interruptAt: /epoch 1 of/, interruptAgainAt: /interrupted/ }
    const { code } = await run([...train(at('twice')), '--epochs', '4000'], again)
    expect(code).toBe(130)
    expect(performance.now() - started).toBeLessThan(30_000)
  })

  test('leaves a model that was in the folder as it was', async () => {
    const out = at('model')
    expect((await run(train(out, '--epochs', '1'))).code).toBe(0)
    const before = readFileSync(join(out, 'weights.safetensors'))
    await interrupted(out)
    expect(readFileSync(join(out, 'weights.safetensors')).equals(before)).toBe(true)
    expect((await run(['predict', '--model', out, 'a lovely thing'])).code).toBe(0)
  })
})

describe('other ends', () => {
  test('the end of the terminal saves as Ctrl-C does', async () => {
    const { code, stderr } = await run(train(at('hangup')), { interruptAt: /epoch 3 of/, signal: 'SIGHUP' })
    expect(stderr).toMatch(/saved in/)
    expect(code).toBe(130)
  })

  test('a closed pipe ends no training', async () => {
    const out = at('pipe')
    const { code } = await run(train(out, '--json'), { closeOutput: true })
    expect(code).toBe(0)
    expect(existsSync(join(out, 'weights.safetensors'))).toBe(true)
  })

  test('two trainings never write into one folder at once', async () => {
    const out = at('shared')
    const first = run([...train(out), '--epochs', '100000'])
    await vi.waitUntil(() => existsSync(join(out, 'training.json')), { timeout: 30_000 })
    const { pid } = JSON.parse(readFileSync(join(out, '.training.lock'), 'utf8')) as { pid: number }
    const { code, stderr } = await run(train(out))
    expect(stderr).toMatch(/^error: another training \(process \d+\) is writing into .*--out.*\n$/)
    expect(code).toBe(1)
    process.kill(pid, 'SIGINT')
    expect((await first).code).toBe(130)
    expect(readdirSync(out).toSorted()).toEqual(['checkpoint.safetensors', 'training.json'])
  })

  test('what a killed training left behind locks nothing', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid
    const lock = JSON.stringify({ pid: gone, host: hostname() })
    const locked = temporaryFolder({ '.training.lock': lock })
    expect((await run(train(locked, '--epochs', '1'))).code).toBe(0)
    expect(readdirSync(locked)).not.toContain('.training.lock')
  })
})

describe('an unfinished training', () => {
  const out = at('unfinished')
  const refuses = async (args: readonly string[], ...patterns: RegExp[]): Promise<void> => {
    const before = readFileSync(join(out, 'checkpoint.safetensors'))
    const { code, stderr } = await run(args)
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^error: /)
    for (const pattern of patterns) expect(stderr).toMatch(pattern)
    expect(stderr).not.toMatch(/\n\s+at /)
    expect(code).toBe(1)
    expect(readFileSync(join(out, 'checkpoint.safetensors')).equals(before)).toBe(true)
  }

  test('is neither lost by mistake nor gone on with in another way', async () => {
    await interrupted(out)
    await refuses(train(out), /holds an unfinished training/, /--resume/, /--restart/)
    await refuses(['predict', '--model', out, 'a text'], /not finished/, /--resume/)
    await refuses(['train', '--resume', '--out', out, '--units', '16'], /--units is 16/, /has 8/)
    await refuses(['train', '--resume', '--out', out, '--data', at('other.tsv')], /not those/, /--restart/)
    await refuses(['train', '--resume', '--out', at('nothing')], /no unfinished training in/)

    const checkpoint = join(out, 'checkpoint.safetensors')
    const whole = readFileSync(checkpoint)
    truncateSync(checkpoint, whole.length - 100)
    await refuses(['train', '--resume', '--out', out], /can't be gone on from/, /--restart/)
    const other = at('other')
    await run([...train(other), '--units', '4'], { interruptAt: /epoch 1 of/ })
    writeFileSync(checkpoint, readFileSync(join(other, 'checkpoint.safetensors')))
    await refuses(['train', '--resume', '--out', out], /can't be gone on from/, /another/)

    const plan = join(out, 'training.json')
    const planned = readFileSync(plan, 'utf8')
    truncateSync(plan, 20)
    await refuses(['train', '--resume', '--out', out], /training\.json is no JSON object/, /--restart/)
    writeFileSync(plan, planned.replace(/"data": "[^"]*"/, '"data": 5'))
    await refuses(['train', '--resume', '--out', out], /not the plan of a training/, /--restart/)
    rmSync(plan)
    await refuses(['train', '--resume', '--out', out], /lacks training\.json/, /--restart/)
    await refuses(['demo', '--out', out], /holds an unfinished training/, /--restart/)

    expect((await run(train(out, '--restart', '--epochs', '1'))).code).toBe(0)
  })
})
