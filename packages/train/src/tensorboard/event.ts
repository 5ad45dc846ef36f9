// The protobuf message `tensorflow.Event` (TensorFlow, `tensorflow/core/util/event.proto` and `framework/summary.proto`), as far as curves need it.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** One event: the version that begins a file, the start of a session, or points of curves. */
export type Event =
  | { readonly kind: 'fileVersion' }
  /** What older files of the folder hold from `step` on counts no more. */
  | { readonly kind: 'sessionStart'; readonly step: number }
  | { readonly kind: 'scalars'; readonly step: number; readonly values: Readonly<Record<string, number>> }

/** Numbers of fields, by message. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const
const SUMMARY = { value: 1 } as const
const VALUE = { tag: 1, simpleValue: 2 } as const
const SESSION_LOG = { status: 1 } as const
const SESSION_START = 1

/** The bytes of an event. `wallTime` is in seconds since 1970. */
export function encodeEvent(event: Event, wallTime: number): Uint8Array {
  const writer = new BinaryWriter()
  writer.tag(EVENT.wallTime, WireType.Bit64).double(wallTime)
  if (event.kind === 'fileVersion') {
    writer.tag(EVENT.fileVersion, WireType.LengthDelimited).string('brain.Event:2')
    return writer.finish()
  }
  writer.tag(EVENT.step, WireType.Varint).int64(event.step)
  if (event.kind === 'sessionStart') {
    writer.tag(EVENT.sessionLog, WireType.LengthDelimited).fork()
    writer.tag(SESSION_LOG.status, WireType.Varint).int32(SESSION_START).join()
    return writer.finish()
  }
  writer.tag(EVENT.summary, WireType.LengthDelimited).fork()
  for (const [tag, value] of Object.entries(event.values)) {
    writer.tag(SUMMARY.value, WireType.LengthDelimited).fork()
    writer.tag(VALUE.tag, WireType.LengthDelimited).string(tag)
    writer.tag(VALUE.simpleValue, WireType.Bit32).float(toFloat32(value)).join()
  }
  return writer.join().finish()
}

/** The writer refuses finite numbers that are too large for a float; here they become infinite, as they do on a device. */
function toFloat32(value: number): number {
  return Math.fround(value)
}
