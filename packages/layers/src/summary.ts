// The printed summary of a model: one line for each layer.

import type { AnyModule } from './module.ts'

type Row = readonly [layer: string, outputSize: string, parameters: string, trainable: string]

/** See `Module.summary`. */
export function summarize(root: AnyModule): string {
  const rows: Row[] = []
  const seen = new Set<unknown>()
  const walk = (module: AnyModule, path: string): void => {
    const again = seen.has(module)
    seen.add(module)
    const children = module.children()
    const own = module.ownVariables().flatMap(({ variable }) => (variable.kind === 'parameter' ? [variable] : []))
    if (children.length === 0 || own.length > 0) {
      const fresh = own.filter((variable) => !seen.has(variable))
      for (const variable of fresh) seen.add(variable)
      const count = fresh.reduce((sum, { size }) => sum + size, 0)
      const trained = fresh.reduce((sum, { size, trainable }) => sum + (trainable ? size : 0), 0)
      rows.push([
        `${path === '' ? '' : `${path} `}${module.type}`,
        module.outputSize === undefined ? '' : formatCount(module.outputSize),
        again ? 'shared' : module.lacksInputSize ? '?' : formatCount(count),
        again || count === 0 ? '' : trained === count ? 'yes' : trained === 0 ? 'no' : formatCount(trained),
      ])
    }
    if (again) return
    for (const { name, module: below } of children) walk(below, path === '' ? name : `${path}.${name}`)
  }
  walk(root, '')

  const total = root.parameterCount
  const trainable = root.trainableParameterCount
  const counts = [`${formatCount(total)} parameter${total === 1 ? '' : 's'}`, `${formatCount(trainable)} trainable`]
  if (total > trainable) counts.push(`${formatCount(total - trainable)} frozen`)
  return `${formatTable(['layer', 'output size', 'parameters', 'trainable'], rows)}\n${counts.join(', ')}\n`
}

/** Columns of text; all but the first are aligned at the right. */
function formatTable(header: Row, rows: readonly Row[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('──')
  return [line(header), rule, ...rows.map(line), rule].join('\n')
}

/** 1234567 as `1,234,567`. */
function formatCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ',')
}
