// CTC in float64: by writing out every alignment, and for long sequences by the textbook's recursion.

/** What a row comes to. */
export interface RowReference {
  readonly loss: number
  /** By frame and class. */
  readonly gradient: readonly (readonly number[])[]
}

export function logSoftmax(row: readonly number[]): number[] {
  const largest = Math.max(...row)
  const normaliser = largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0))
  return row.map((x) => x - normaliser)
}

/** The labels of an alignment: repeats are one, blanks none. */
export function collapse(path: readonly number[], blank: number): number[] {
  return path.filter((symbol, t) => symbol !== blank && symbol !== path[t - 1])
}

/** Every path of `frames` symbols. */
export function allPaths(frames: number, classes: number): number[][] {
  if (frames === 0) return [[]]
  return allPaths(frames - 1, classes).flatMap((path) => Array.from({ length: classes }, (_, c) => [...path, c]))
}

/** The probability of each label sequence that some path has, by its text. */
export function enumerateLabels(logits: readonly (readonly number[])[], blank: number): Map<string, number> {
  const scores = logits.map(logSoftmax)
  const found = new Map<string, number>()
  for (const path of allPaths(logits.length, logits[0]?.length ?? 0)) {
    const key = collapse(path, blank).join()
    const probability = Math.exp(path.reduce((sum, symbol, t) => sum + scores[t]![symbol]!, 0))
    found.set(key, (found.get(key) ?? 0) + probability)
  }
  return found
}

/** By enumeration: the gradient is softmax less how often the alignments with these labels are there. */
export function enumerated(
  logits: readonly (readonly number[])[],
  labels: readonly number[],
  blank: number,
): RowReference {
  const scores = logits.map(logSoftmax)
  const classes = logits[0]?.length ?? 0
  let total = 0
  const expected = logits.map(() => new Array<number>(classes).fill(0))
  for (const path of allPaths(logits.length, classes)) {
    if (collapse(path, blank).join() !== labels.join()) continue
    const probability = Math.exp(path.reduce((sum, symbol, t) => sum + scores[t]![symbol]!, 0))
    total += probability
    path.forEach((symbol, t) => (expected[t]![symbol]! += probability))
  }
  const gradient = scores.map((row, t) => row.map((s, c) => (total === 0 ? 0 : Math.exp(s) - expected[t]![c]! / total)))
  return { loss: -Math.log(total), gradient }
}

const logAdd = (...values: readonly number[]): number => {
  const largest = Math.max(...values)
  return largest === -Infinity ? largest : largest + Math.log(values.reduce((sum, x) => sum + Math.exp(x - largest), 0))
}

/** Equations 5 to 16 of Graves et al. 2006, in logarithms. */
export function recursion(
  logits: readonly (readonly number[])[],
  labels: readonly number[],
  blank: number,
): RowReference {
  const scores = logits.map(logSoftmax)
  const symbols = [blank, ...labels.flatMap((label) => [label, blank])]
  const walk = (frames: readonly number[], states: readonly number[]): number[][] => {
    const before = states.map((_, i) => (i === 0 ? 0 : -Infinity))
    const rows: number[][] = []
    for (const t of frames) {
      const last = rows.at(-1) ?? before
      const passes = (i: number): boolean =>
        i >= 2 && symbols[states[i]!] !== blank && symbols[states[i]!] !== symbols[states[i - 2]!]
      rows.push(
        states.map(
          (s, i) =>
            scores[t]![symbols[s]!]! +
            logAdd(last[i]!, i >= 1 ? last[i - 1]! : -Infinity, passes(i) ? last[i - 2]! : -Infinity),
        ),
      )
    }
    return rows
  }
  const time = logits.map((_, t) => t)
  const order = symbols.map((_, s) => s)
  const alphas = walk(time, order)
  const betas = walk(time.toReversed(), order.toReversed())
    .toReversed()
    .map((row) => row.toReversed())
  const total = logAdd(alphas.at(-1)!.at(-1)!, alphas.at(-1)!.at(-2) ?? -Infinity)
  const gradient = scores.map((row, t) => {
    const expected = new Array<number>(row.length).fill(0)
    symbols.forEach((symbol, s) => {
      expected[symbol]! += Math.exp(alphas[t]![s]! + betas[t]![s]! - row[symbol]! - total)
    })
    return row.map((s, c) => Math.exp(s) - expected[c]!)
  })
  return { loss: -total, gradient }
}
