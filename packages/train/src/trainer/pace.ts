// How fast a training goes, and how long it still takes.

/** The time model of a call of `fit`: steps cost by their samples, each epoch ends in one validation. */
export class Pace {
  #samples = 0
  #seconds = 0
  #validations = 0
  #validationSeconds = 0

  /** Notes a step. */
  addStep(samples: number, seconds: number): void {
    this.#samples += samples
    this.#seconds += seconds
  }

  /** Notes a validation. */
  addValidation(seconds: number): void {
    this.#validations++
    this.#validationSeconds += seconds
  }

  get samplesPerSecond(): number {
    return this.#seconds === 0 ? 0 : this.#samples / this.#seconds
  }

  /**
   * Seconds for samples still to be trained on and validations still to be run. Before the first validation one is taken to cost a third of a
   * training step per sample: the forward pass alone.
   */
  secondsLeft(samples: number, validations: number, validationSamples: number): number {
    if (this.#samples === 0) return Number.POSITIVE_INFINITY
    const perSample = this.#seconds / this.#samples
    const perValidation =
      this.#validations === 0 ? (validationSamples * perSample) / 3 : this.#validationSeconds / this.#validations
    return samples * perSample + validations * perValidation
  }
}
