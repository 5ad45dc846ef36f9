// TFRecord: the framing of TensorFlow's event files.

import { crc32c } from './crc32c.ts'

/**
 * One record: length (uint64), its masked check sum, the bytes, their masked check sum; all little-endian. Files are records one after another
 * (TensorFlow, `tensorflow/core/lib/io/record_writer.h`).
 */
export function frameRecord(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(bytes.length + 16)
  const view = new DataView(record.buffer)
  view.setBigUint64(0, BigInt(bytes.length), true)
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true)
  record.set(bytes, 12)
  view.setUint32(12 + bytes.length, masked(crc32c(bytes)), true)
  return record
}

/** A check sum that may itself be the data of another one: rotated and moved. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
