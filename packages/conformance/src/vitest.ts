// Registers the cases as vitest tests: one test for each case, in the order of the levels.

import { afterAll, describe, test } from 'vitest'
import { LEVELS } from './case.ts'
import type { Report } from './report.ts'
import { openSession, type ConformanceOptions, type MakeBackend } from './runner.ts'

/** Options of `describeBackend`. */
export interface DescribeOptions extends ConformanceOptions {
  /** Receives the report when all cases have run. */
  readonly onReport?: (report: Report) => void | Promise<void>
}

/**
 * Runs the conformance kit against a backend, as a block of vitest tests. Cases that don't apply to the backend are skipped, with the reason.
 *
 * ```ts
 * describeBackend('mine', () => mine(), { fused: ['recurrentForward', 'recurrentBackward'] })
 * ```
 */
export function describeBackend(name: string, makeBackend: MakeBackend, options: DescribeOptions = {}): void {
  const session = openSession(makeBackend, options)
  describe(`${name}`, () => {
    afterAll(async () => {
      const report = await session.close()
      await options.onReport?.(report)
    })
    for (const level of LEVELS) {
      const cases = session.cases.filter((each) => each.level === level)
      if (cases.length === 0) continue
      describe(`${level}`, () => {
        for (const each of cases) {
          test(`${each.id}: ${each.title}`, async ({ skip }) => {
            const { status, message = '' } = await session.run(each)
            if (status === 'unsupported') skip(message)
            if (status === 'failed') throw new Error(message)
          })
        }
      })
    }
  })
}
