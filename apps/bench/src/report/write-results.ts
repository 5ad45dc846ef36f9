/** Writes results, table and chart into a folder, each beside its place first, so that a result is never half a file. */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BenchError } from '../errors.ts'
import type { BenchResults } from '../results.ts'
import { renderChart } from './chart.ts'
import { renderMarkdown } from './markdown.ts'

/**
 * Writes `results.json`, `results.md` and `chart.svg`.
 *
 * @returns the paths
 * @throws E_RESULTS when the folder can't be written
 */
export function writeResults(folder: string, results: BenchResults): string[] {
  const files = {
    'results.json': `${JSON.stringify(results, undefined, 2)}\n`,
    'results.md': renderMarkdown(results),
    'chart.svg': renderChart(results),
  }
  try {
    mkdirSync(folder, { recursive: true })
    return Object.entries(files).map(([name, content]) => {
      const path = join(folder, name)
      writeFileSync(`${path}.new`, content)
      renameSync(`${path}.new`, path)
      return path
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new BenchError(
      'E_RESULTS',
      `the results can't be written to ${folder} (${reason})`,
      'name another folder with --out',
    )
  }
}
