// One event file, written as events come.

import { encodeEvent, type Event } from './event.ts'
import type { EventSink } from './event-sink.ts'
import { frameRecord } from './record.ts'

/** A file of a curve's folder. It is made with its first event. */
export class EventFile {
  readonly #sink: EventSink
  readonly #directory: string
  #path: string | undefined
  #session = false

  constructor(sink: EventSink, directory: string) {
    this.#sink = sink
    this.#directory = directory
  }

  /** The next event begins a session: training begins, or goes on from an earlier step. */
  restart(): void {
    this.#session = false
  }

  /** Adds points at `step`. */
  async scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    if (Object.keys(values).length === 0) return
    const events: Event[] = []
    if (this.#path === undefined) events.push({ kind: 'fileVersion' })
    if (!this.#session) events.push({ kind: 'sessionStart', step })
    events.push({ kind: 'scalars', step, values })
    this.#session = true
    const now = Date.now()
    this.#path ??= `${this.#directory}/${fileName(now)}`
    const records = events.map((event) => frameRecord(encodeEvent(event, now / 1000)))
    await this.#sink.append(this.#path, concatenated(records))
  }
}

/** Readers take the files of a folder in the order of their names, and look for `tfevents`. */
function fileName(now: number): string {
  const [seconds, milliseconds] = [Math.floor(now / 1000), now % 1000]
  const unique = globalThis.crypto.randomUUID().slice(0, 8)
  return `events.out.tfevents.${seconds}.${String(milliseconds).padStart(3, '0')}.${unique}`
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
