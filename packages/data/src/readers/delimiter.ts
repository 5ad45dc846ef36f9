/** Guesses what separates the fields of a table, from its name and its first line. */

const candidates: readonly string[] = ['\t', ',', ';', '|']

/** What a delimiter is called in messages. */
export function delimiterName(delimiter: string): string {
  return { '\t': 'tab', ',': 'comma', ';': 'semicolon', '|': 'bar' }[delimiter] ?? JSON.stringify(delimiter)
}

/**
 * The delimiter whose split of the first line gives the wanted columns; else the one the name stands for, if the line
 * has it or none has it; else the most frequent in the line.
 */
export function guessDelimiter(
  text: string,
  columns: readonly string[],
  { name = '', hasHeader }: { readonly name?: string | undefined; readonly hasHeader: boolean },
): string {
  const byName = /\.(tsv|tab)\b/i.test(name) ? '\t' : /\.csv\b/i.test(name) ? ',' : undefined
  const ordered =
    byName === undefined ? candidates : [byName, ...candidates.filter((candidate) => candidate !== byName)]
  const firstLine = /\S.*/.exec(text)?.[0] ?? ''
  if (hasHeader) {
    const fits = ordered.find((candidate) => {
      const names = firstLine.split(candidate).map((field) =>
        field
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .trim(),
      )
      return columns.every((column) => names.includes(column))
    })
    if (fits !== undefined) return fits
  }
  const count = (candidate: string): number => firstLine.split(candidate).length - 1
  const first = ordered[0] as string
  if (byName !== undefined && count(byName) > 0) return byName
  return ordered.reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best), first)
}
