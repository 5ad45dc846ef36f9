// The choice between walking a sequence in one dispatch and one dispatch for each step: made from shapes and limits, so it needs no GPU.

import { describe, expect, test } from 'vitest'
import { planRecurrent } from '../src/recurrent-plan.ts'
import type { RecurrentPlan, RecurrentShape } from '../src/recurrent-plan.ts'

/** What every WebGPU device has. */
const DEFAULTS = { invocations: 256, workgroupBytes: 16384 }

const plan = (shape: Partial<RecurrentShape>, offer = DEFAULTS): RecurrentPlan =>
  planRecurrent({ cell: 'lstm', batch: 32, steps: 512, units: 64, backward: false, ...shape }, offer)

const CELLS = ['simpleTanh', 'simpleRelu', 'lstm', 'gru'] as const

describe('planRecurrent', () => {
  test('keeps the weights of 64 units in registers, for every cell, forward and backward', () => {
    for (const cell of CELLS) {
      for (const backward of [false, true]) {
        expect(plan({ cell, backward })).toEqual({ way: 'walk', weights: 'registers', padded: 64, slices: 4, rows: 1 })
      }
    }
    expect(plan({ cell: 'simpleTanh', units: 128 })).toMatchObject({ weights: 'registers', padded: 128 })
  })

  test('streams weights that fit no registers, as long as a step of a walk costs no more than a dispatch', () => {
    expect(plan({ units: 128 })).toMatchObject({ way: 'walk', weights: 'stream', padded: 128 })
    expect(plan({ units: 129 })).toEqual({ way: 'steps', rows: 16 })
    expect(plan({ cell: 'gru', units: 140 })).toMatchObject({ weights: 'stream', padded: 160 })
    expect(plan({ cell: 'simpleRelu', units: 256 })).toMatchObject({ weights: 'stream', padded: 256 })
    expect(plan({ units: 512 })).toEqual({ way: 'steps', rows: 16 })
  })

  test('runs a few steps, and small batches of large cells, in tiles of their own', () => {
    expect(plan({ units: 128, steps: 1 })).toEqual({ way: 'steps', rows: 16 })
    expect(plan({ units: 512, batch: 1 })).toEqual({ way: 'steps', rows: 4 })
  })

  test('gives each row a workgroup of its own until there are more rows than a device can hold', () => {
    expect(plan({ batch: 256 })).toMatchObject({ rows: 1 })
    expect(plan({ batch: 400 })).toMatchObject({ rows: 2 })
    expect(plan({ batch: 4000, cell: 'simpleTanh' })).toMatchObject({ rows: 4 })
  })

  test('stays within invocations and workgroup memory', () => {
    const vector = { simpleTanh: 4, simpleRelu: 4, lstm: 16, gru: 16 }
    for (const offer of [
      DEFAULTS,
      { invocations: 128, workgroupBytes: 16384 },
      { invocations: 1024, workgroupBytes: 49152 },
    ]) {
      for (const cell of CELLS) {
        for (const backward of [false, true]) {
          for (let units = 0; units <= 300; units++) {
            for (const batch of [0, 1, 64, 300, 5000]) {
              const chosen = plan({ cell, units, batch, backward }, offer)
              if (chosen.way === 'steps') continue
              const { padded, slices, rows, weights } = chosen
              expect(padded).toBeGreaterThanOrEqual(units)
              expect(padded * slices).toBeLessThanOrEqual(Math.min(offer.invocations, 256))
              const bytes = backward ? vector[cell] + slices * 4 : 4 + slices * vector[cell]
              expect(rows * padded * bytes).toBeLessThanOrEqual(offer.workgroupBytes)
              expect(weights === 'registers' ? padded % slices : 0).toBe(0)
            }
          }
        }
      }
    }
  })

  test('compiles for few sizes: at most 40 plans serve all units and batches of a cell', () => {
    for (const cell of CELLS) {
      const plans = new Set<string>()
      for (let units = 1; units <= 1024; units++) {
        for (const batch of [1, 5, 48, 100, 300, 1000]) plans.add(JSON.stringify(plan({ cell, units, batch })))
      }
      expect(plans.size).toBeLessThanOrEqual(40)
    }
  })
})
