// Cases that are one call each, in one or several layouts.

import { caseOf, type ConformanceCase } from '../case.ts'
import { laidOut, takesRows, type Layout } from './layouts.ts'
import type { CallSpec } from './operands.ts'
import { runCall } from './run-call.ts'

const SUFFIX: Readonly<Record<Layout, string>> = { plain: '', offset: '-offset', rows: '-rows', shared: '-shared' }

/** One case: the call, built when it runs. */
export function callCase(id: string, title: string, build: () => CallSpec, layout: Layout = 'plain'): ConformanceCase {
  return caseOf(id + SUFFIX[layout], layout === 'plain' ? title : `${title} (${LAYOUTS[layout]})`, (context) =>
    runCall(context, laidOut(build(), layout), layout),
  )
}

const LAYOUTS: Readonly<Record<Layout, string>> = {
  plain: '',
  offset: 'at odd multiples of 4 bytes',
  rows: 'with gaps between rows',
  shared: 'with all inputs in one buffer',
}

/** The same call in several layouts; `rows` only where the op takes them. */
export function callCases(
  id: string,
  title: string,
  build: () => CallSpec,
  layouts: readonly Layout[] = ['plain', 'offset', 'rows', 'shared'],
): ConformanceCase[] {
  return layouts
    .filter((layout) => layout !== 'rows' || takesRows(build().op))
    .map((layout) => callCase(id, title, build, layout))
}
