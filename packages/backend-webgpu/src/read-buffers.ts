// Buffers to read through: several ranges are copied into one, which is then mapped.

/** A buffer that can be mapped. */
export interface ReadBuffer {
  readonly buffer: GPUBuffer
  readonly capacity: number
}

const SMALLEST = 1024
const MAP_READ_AND_COPY_TARGET = 0x1 | 0x8

/** Buffers that no read uses are kept for the next one. */
export class ReadBuffers {
  readonly #device: GPUDevice
  readonly #free: ReadBuffer[] = []
  #created = 0

  constructor(device: GPUDevice) {
    this.#device = device
  }

  /** Buffers created so far: constant in a steady loop. */
  get created(): number {
    return this.#created
  }

  /** One that holds `byteLength` bytes, and not far more. */
  take(byteLength: number): ReadBuffer {
    const fits = ({ capacity }: ReadBuffer): boolean =>
      capacity >= byteLength && capacity <= 4 * Math.max(byteLength, SMALLEST)
    const at = this.#free.findIndex(fits)
    const found = at < 0 ? undefined : this.#free.splice(at, 1)[0]
    if (found !== undefined) return found
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(byteLength, SMALLEST)))
    this.#created++
    const buffer = this.#device.createBuffer({ label: 'read', size: capacity, usage: MAP_READ_AND_COPY_TARGET })
    return { buffer, capacity }
  }

  /** Takes back one that is not mapped. */
  put(buffer: ReadBuffer): void {
    this.#free.push(buffer)
  }
}
