// The losses of a range test: smoothed, watched for the point where they break down, and searched for the one where they fell fastest.

/** One batch of a range test. */
export interface RangeTestPoint {
  readonly learningRate: number
  /** Of this batch, before the update with that learning rate. */
  readonly loss: number
  /** The moving average of the losses until now, corrected for its start at zero. */
  readonly smoothed: number
}

/** Gathers points. */
export class RangeTestCurve {
  readonly #smoothing: number
  readonly #divergence: number
  readonly #points: RangeTestPoint[] = []
  #average = 0
  #least = Infinity
  #diverged = false

  constructor(smoothing: number, divergence: number) {
    this.#smoothing = smoothing
    this.#divergence = divergence
  }

  get points(): readonly RangeTestPoint[] {
    return this.#points
  }

  /** Whether the last loss was no number, or far above the least. */
  get diverged(): boolean {
    return this.#diverged
  }

  /** Adds the next point; one that is no number ends the curve and is no part of it. */
  add(learningRate: number, loss: number): RangeTestPoint {
    this.#average = this.#smoothing * this.#average + (1 - this.#smoothing) * loss
    const smoothed = this.#average / (1 - this.#smoothing ** (this.#points.length + 1))
    const point = { learningRate, loss, smoothed }
    if (Number.isFinite(smoothed)) {
      this.#points.push(point)
      this.#least = Math.min(this.#least, smoothed)
    }
    // A loss below zero has no multiples that are worse.
    this.#diverged = !Number.isFinite(smoothed) || (this.#least > 0 && smoothed > this.#divergence * this.#least)
    return point
  }

  /** The learning rate at which the smoothed loss fell fastest by the logarithm of the rate, before its least; undefined where it never fell. */
  get steepest(): number | undefined {
    const losses = this.#points.map(({ smoothed }) => smoothed)
    const end = losses.indexOf(this.#least)
    let best: number | undefined
    let steepest = 0
    for (let i = 1; i < Math.min(end + 1, losses.length - 1); i++) {
      const slope = (losses[i + 1] ?? 0) - (losses[i - 1] ?? 0)
      if (slope < steepest) [steepest, best] = [slope, this.#points[i]?.learningRate]
    }
    return best
  }
}
