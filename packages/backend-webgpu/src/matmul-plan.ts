// Which variant of the matrix product serves which shapes: decided here alone.

/** Invocations of a workgroup of any variant. */
export const MATMUL_INVOCATIONS = 256

/** A tile of the product that a workgroup computes, and the piece of it that each invocation keeps in registers. */
export interface Tile {
  /** Rows and columns of a workgroup. */
  readonly rows: number
  readonly columns: number
  /** Terms that are brought to workgroup memory at a time. */
  readonly depth: number
  /** Rows and columns of an invocation. */
  readonly ownRows: number
  readonly ownColumns: number
}

const TILES = {
  /** Great products: 64 results in registers, each value from workgroup memory used 8 times. */
  large: { rows: 128, columns: 128, depth: 8, ownRows: 8, ownColumns: 8 },
  medium: { rows: 64, columns: 64, depth: 16, ownRows: 4, ownColumns: 4 },
  small: { rows: 32, columns: 32, depth: 32, ownRows: 2, ownColumns: 2 },
  /** A few rows: a decoder's step, a gradient of one sample. */
  flat: { rows: 16, columns: 64, depth: 32, ownRows: 1, ownColumns: 4 },
} as const satisfies Readonly<Record<string, Tile>>

/** How a product is computed by tiles. */
export interface MatmulPlan {
  readonly tile: Tile
  /** Parts into which the terms are split over workgroups, to be added up by a second dispatch. */
  readonly splits: number
  /** Terms of each part; a multiple of the tile's depth. */
  readonly termsPerSplit: number
  /** Adds up in stretches of `STRETCH` terms, whose sums are then added: no float32 chain of thousands of terms. */
  readonly long: boolean
}

/** Terms of a chain before its sum is added to the total. */
export const STRETCH = 512

/** Multiplications below which a product is over before tiles would pay. */
const FEW_MULTIPLICATIONS = 2 ** 14

/**
 * Whether each invocation computes its own elements straight from memory. So it is for products that are very small, and on adapters in software, where workgroup memory is no nearer
 * than any other and barriers take a second to compile.
 */
export function isPlainMatmul(
  products: number,
  rows: number,
  columns: number,
  terms: number,
  software: boolean,
): boolean {
  return software || products * rows * columns * terms < FEW_MULTIPLICATIONS
}

/** Workgroups that keep a large device busy. */
const BUSY = 128

/** Terms that make a part worth a workgroup of its own. */
const LEAST_TERMS = 256

/**
 * Plans `[rows, terms] · [terms, columns]`, `products` of them.
 *
 * Larger tiles need less memory traffic for each multiplication, as long as there are enough of them to keep the device busy; where there are not, the terms
 * are split.
 */
export function planMatmul(products: number, rows: number, columns: number, terms: number): MatmulPlan {
  const groups = ({ rows: high, columns: wide }: Tile): number =>
    products * Math.ceil(rows / high) * Math.ceil(columns / wide)
  const tile =
    rows <= 16
      ? TILES.flat
      : groups(TILES.large) >= BUSY
        ? TILES.large
        : groups(TILES.medium) >= BUSY / 2 || Math.min(rows, columns) > 48
          ? TILES.medium
          : TILES.small
  const wanted = Math.ceil(BUSY / Math.max(groups(tile), 1))
  const splits = Math.max(1, Math.min(wanted, Math.floor(terms / LEAST_TERMS)))
  const termsPerSplit = Math.max(tile.depth, Math.ceil(terms / splits / tile.depth) * tile.depth)
  return {
    tile,
    splits: Math.max(1, Math.ceil(terms / termsPerSplit)),
    termsPerSplit,
    long: termsPerSplit > STRETCH,
  }
}
