// What layers without parameters have in common that give as many features as they get.

import { Module } from '../module.ts'

/** A layer without parameters whose output has the features of its input. */
export abstract class SameSize extends Module {
  #size: number | undefined

  override get outputSize(): number | undefined {
    return this.#size
  }

  override build(inputSize: number | undefined): number | undefined {
    this.#size = inputSize ?? this.#size
    return this.#size
  }
}
