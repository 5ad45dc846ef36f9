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

  /**
   * The learning rate at which the smoothed loss fell fastest by the logarithm of the rate, before its least; undefined where it never fell. Batches are noisy, so two things are left out: the first
   * points, whose averages rest on few batches, and slopes between neighbours: each is taken over a fifth of the curve.
   */
  get steepest(): number | undefined {
    const losses = this.#points.map(({ smoothed }) => smoothed)
    const { length } = losses
    const start = Math.min(this.#settled, Math.floor(length / 4))
    const reach = Math.max(1, Math.round(length / 10))
    const end = losses.indexOf(Math.min(...losses.slice(start)), start)
    let best: number | undefined
    let steepest = 0
    for (let i = start + reach; i <= Math.min(end, length - 1 - reach); i++) {
      const slope = (losses[i + reach] ?? 0) - (losses[i - reach] ?? 0)
      if (slope < steepest) [steepest, best] = [slope, this.#points[i]?.learningRate]
    }
    return best
  }

  /**
   * The number of points after which an average rests on half as many batches as averages ever do. With β the smoothing, that of t points has the variance of
   * (1 + β)(1 − βᵗ) / ((1 − β)(1 + βᵗ)) batches, half of its limit where βᵗ = 1/3: after 11 points for 0.9.
   */
  get #settled(): number {
    return this.#smoothing === 0 ? 0 : Math.ceil(Math.log(3) / -Math.log(this.#smoothing))
  }
}
