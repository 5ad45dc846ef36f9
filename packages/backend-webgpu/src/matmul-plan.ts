// Which variant of the matrix product serves which shapes: decided here alone.

/** Invocations of a workgroup of any variant. */
export const MATMUL_INVOCATIONS = 256

/** What decides how a product is computed. */
export interface MatmulShape {
  /** Matrices in the result. */
  readonly products: number
  /** Products that are added up in each of them. */
  readonly summed: number
  readonly rows: number
  readonly columns: number
  readonly terms: number
}

/** How a product is computed. */
export type MatmulPlan = PlainPlan | VectorPlan | TilePlan

/**
 * Each invocation computes its own elements straight from memory: for products that are over before anything else would pay, and on adapters in software, where workgroup memory is
 * no nearer than any other and barriers take a second to compile.
 */
export interface PlainPlan {
  readonly kind: 'plain'
}

/** How the terms of a product are divided among workgroups. */
export interface Parts {
  /** Parts, to be added up by a second dispatch if there are several. */
  readonly splits: number
  readonly termsPerSplit: number
}

/**
 * A few rows against a matrix: every element of the matrix is used that few times, so it is read once, by as many invocations as possible, and not brought to
 * workgroup memory first. A product of few columns is one of few rows, turned over.
 */
export interface VectorPlan extends Parts {
  readonly kind: 'vector'
  /** Rows that each invocation keeps a sum of: at least those of the product. */
  readonly ownRows: 1 | 2 | 4
  /** The product is to be computed as the transpose of bᵀ · aᵀ. */
  readonly turned: boolean
}

/** By tiles that go through workgroup memory. */
export interface TilePlan extends Parts {
  readonly kind: 'tiles'
  readonly tile: Tile
  /** Adds up in stretches of `STRETCH` terms, whose sums are then added: no float32 chain of thousands of terms. */
  readonly long: boolean
}

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
  /** A batch of some rows: a decoder's step. */
  flat: { rows: 16, columns: 64, depth: 32, ownRows: 1, ownColumns: 4 },
} as const satisfies Readonly<Record<string, Tile>>

/** Terms of a chain before its sum is added to the total. */
export const STRETCH = 512

/** Columns of a workgroup of vectors: where neighbouring columns lie next to one another, and where neighbouring terms do. */
export const VECTOR_COLUMNS = { own: 64, terms: 16 } as const

/** Multiplications below which a product is over before anything but `plain` would pay. */
const FEW_MULTIPLICATIONS = 2 ** 14

/** Rows (or columns) up to which a product is one of vectors. */
const FEW_ROWS = 4

/** Terms that give the 16 invocations of a column something to do. */
const LEAST_VECTOR_TERMS = 32

/** The terms of vectors that a workgroup adds up: past the least, more workgroups are worth a second dispatch; past the most, chains would grow over `STRETCH`. */
const VECTOR_TERMS = { least: 1024, most: 2048 } as const

/** Workgroups that keep a large device busy. */
const BUSY = 128

/** Terms that make a part of a tile worth a workgroup of its own. */
const LEAST_TERMS = 256

/** Chooses the variant for `[rows, terms] · [terms, columns]`. */
export function planMatmul(shape: MatmulShape, software: boolean): MatmulPlan {
  const { products, summed, rows, columns, terms } = shape
  if (software || products * summed * rows * columns * terms < FEW_MULTIPLICATIONS) return { kind: 'plain' }
  const vectors = summed === 1 && Math.min(rows, columns) <= FEW_ROWS && terms >= LEAST_VECTOR_TERMS
  return vectors ? planVectors(shape) : planTiles(shape)
}

function planVectors({ products, rows, columns, terms }: MatmulShape): VectorPlan {
  const turned = columns < rows
  const [few, many] = turned ? [columns, rows] : [rows, columns]
  const groups = products * Math.ceil(many / VECTOR_COLUMNS.own)
  const wanted = Math.min(Math.ceil(BUSY / groups), Math.floor(terms / VECTOR_TERMS.least))
  const splits = Math.max(1, wanted, Math.ceil(terms / VECTOR_TERMS.most))
  return {
    kind: 'vector',
    ownRows: few === 1 ? 1 : few === 2 ? 2 : 4,
    turned,
    // Parts that begin where loads of four elements may.
    ...cutTerms(terms, splits, 64),
  }
}

/**
 * Larger tiles need less memory traffic for each multiplication, as long as there are enough of them to keep the device busy; where there are not, the terms are split.
 */
function planTiles({ products, summed, rows, columns, terms }: MatmulShape): TilePlan {
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
  // Products that are added up follow one another in each workgroup.
  if (summed > 1) {
    return { kind: 'tiles', tile, splits: 1, termsPerSplit: Math.max(terms, 1), long: terms * summed > STRETCH }
  }
  const wanted = Math.ceil(BUSY / Math.max(groups(tile), 1))
  const parts = cutTerms(terms, Math.max(1, Math.min(wanted, Math.floor(terms / LEAST_TERMS))), tile.depth)
  return { kind: 'tiles', tile, ...parts, long: parts.termsPerSplit > STRETCH }
}

/** At most `splits` parts, each but the last a multiple of `unit` terms. */
function cutTerms(terms: number, splits: number, unit: number): Parts {
  const termsPerSplit = Math.max(unit, Math.ceil(terms / splits / unit) * unit)
  return { splits: Math.max(1, Math.ceil(terms / termsPerSplit)), termsPerSplit }
}

/** Whether a product is bound by how fast `b` comes from memory: then a copy of it with fewer bytes is worth reading. */
export function readsLight(plan: MatmulPlan): boolean {
  return plan.kind === 'vector' || (plan.kind === 'tiles' && plan.tile.rows <= TILES.flat.rows)
}
