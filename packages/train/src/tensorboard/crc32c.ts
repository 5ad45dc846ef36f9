// CRC-32C (Castagnoli), the check sum of TFRecord files.

/** Reversed form of 0x1EDC6F41. */
const POLYNOMIAL = 0x82f63b78

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, i) => remainderOf(i))

/** The check sum of some bytes, an unsigned 32-bit number (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

function remainderOf(byte: number): number {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1
  return rest >>> 0
}
