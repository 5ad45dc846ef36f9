// Event files, read back by another protobuf library and another check sum.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { expect, onTestFinished, test } from 'vitest'
import { accuracy, adam, crossEntropy, Trainer, type TrainerOptions } from '../src/index.ts'
import { crc32c } from '../src/tensorboard/crc32c.ts'
import { encodeEvent } from '../src/tensorboard/event.ts'
import { frameRecord } from '../src/tensorboard/record.ts'
import { tensorBoard, type EventSink } from '../src/tensorboard.ts'
import { sequences, trained } from './helpers.ts'

/** The part of TensorFlow's messages that curves are made of, as event.proto and summary.proto declare it. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Summary { message Value { string tag = 1; oneof value { float simple_value = 2; } } repeated Value value = 1; }
  message SessionLog { enum SessionStatus { STATUS_UNSPECIFIED = 0; START = 1; STOP = 2; CHECKPOINT = 3; } SessionStatus status = 1; }
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; bytes graph_def = 4; Summary summary = 5; SessionLog session_log = 7; }
  }`)
const eventType = root.lookupType('Event')

interface ReadEvent {
  readonly wallTime: number
  readonly step?: number
  readonly fileVersion?: string
  readonly sessionLog?: { readonly status: string }
  readonly summary?: { readonly value: readonly { readonly tag: string; readonly simpleValue: number }[] }
}

/** CRC-32C by polynomial division, bit by bit. */
function slowCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

const unmasked = (masked: number): number => {
  const rotated = (masked - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

function read(bytes: Uint8Array): ReadEvent[] {
  const events: ReadEvent[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length;) {
    const length = Number(view.getBigUint64(at, true))
    expect(unmasked(view.getUint32(at + 8, true))).toBe(slowCrc(bytes.subarray(at, at + 8)))
    const data = bytes.subarray(at + 12, at + 12 + length)
    expect(unmasked(view.getUint32(at + 12 + length, true))).toBe(slowCrc(data))
    events.push(eventType.toObject(eventType.decode(data), { longs: Number, enums: String }) as ReadEvent)
    at += length + 16
  }
  return events
}

/** Points of curves as `step tag value`. */
const points = (events: readonly ReadEvent[]): (readonly [step: number, tag: string, value: number])[] =>
  events.flatMap(({ step = 0, summary }) =>
    (summary?.value ?? []).map(({ tag, simpleValue }) => [step, tag, simpleValue] as const),
  )

test('the check sum is that of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
})

test('bytes are those of the format', () => {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  expect(hex(encodeEvent({ kind: 'fileVersion' }, 1.5))).toBe(
    `09000000000000f83f1a0d${Buffer.from('brain.Event:2').toString('hex')}`,
  )
  expect(hex(encodeEvent({ kind: 'sessionStart', step: 300 }, 0))).toBe('09000000000000000010ac023a020801')
  expect(hex(encodeEvent({ kind: 'scalars', step: 1, values: { ab: 0.5 } }, 0))).toBe(
    '09000000000000000010012a0b0a090a026162150000003f',
  )
  expect(hex(frameRecord(Uint8Array.of(1, 2)).subarray(0, 8))).toBe('0200000000000000')
})

test('numbers that are no ordinary floats come back as floats know them', () => {
  const values = { nan: Number.NaN, infinite: Infinity, large: 1e300, tiny: 1e-60, third: 1 / 3 }
  const [event] = read(frameRecord(encodeEvent({ kind: 'scalars', step: 2 ** 40, values }, 0)))
  expect(event?.step).toBe(2 ** 40)
  expect(points([event!]).map(([, , value]) => value)).toEqual([Number.NaN, Infinity, Infinity, 0, Math.fround(1 / 3)])
})

function options(directory: string, sink?: EventSink, every = 2): TrainerOptions {
  const callbacks = [tensorBoard({ directory, every, ...(sink && { sink }) })]
  return { loss: crossEntropy(), optimizer: adam({ learningRate: 0.01 }), metrics: [accuracy()], callbacks }
}

test('a training leaves the curves of its history', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tensorboard-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const trainer = new Trainer(await trained(), options(join(directory, 'run')))
  const losses: (number | undefined)[] = []
  const history = await trainer.fit(sequences(), {
    epochs: 2,
    validation: sequences({ seed: 2 }),
    onBatch: ({ loss }) => void losses.push(loss),
  })
  const eventsOf = (folder: string): ReadEvent[] => {
    const names = readdirSync(join(directory, 'run', folder))
    expect(names).toHaveLength(1)
    expect(names[0]).toMatch(/^events\.out\.tfevents\.\d{10}\.\d{3}\.[0-9a-f]{8}$/)
    return read(new Uint8Array(readFileSync(join(directory, 'run', folder, names[0]!))))
  }
  const train = eventsOf('train')
  expect(train[0]).toMatchObject({ fileVersion: 'brain.Event:2' })
  expect(Math.abs(train[0]!.wallTime - Date.now() / 1000)).toBeLessThan(60)
  expect(train[1]).toMatchObject({ step: 1, sessionLog: { status: 'START' } })
  const expected = (names: readonly string[], column: (name: string) => string): unknown =>
    [1, 2].flatMap((epoch) =>
      names.map((name) => [epoch, `epoch/${name}`, Math.fround(history.rows[epoch - 1]![column(name)]!)]),
    )
  expect(points(train)).toEqual(expected(['loss', 'accuracy', 'learningRate', 'seconds'], (name) => name))
  expect(points(eventsOf('validation'))).toEqual(
    expected(['loss', 'accuracy'], (name) => `validation${name[0]!.toUpperCase()}${name.slice(1)}`),
  )
  const batches = points(eventsOf('batches')).filter(([, tag]) => tag === 'batch/loss')
  expect(batches).toEqual([2, 4, 6, 8, 10, 12].map((n) => [n, 'batch/loss', Math.fround(losses[n - 1]!)]))
})

test('a resumed training starts a session where it goes on; a sink takes the place of files', async () => {
  const files = new Map<string, number[]>()
  const sink: EventSink = {
    append: async (path, bytes) => void files.set(path, [...(files.get(path) ?? []), ...bytes]),
  }
  const first = new Trainer(await trained(), options('runs', sink, 0))
  await first.fit(sequences(), { epochs: 2 })
  const second = new Trainer(await trained(), options('runs', sink, 0))
  await second.restore(await first.checkpoint())
  await second.fit(sequences(), { epochs: 3 })
  expect([...files.keys()].map((path) => path.split('/').slice(0, 2).join('/'))).toEqual(['runs/train', 'runs/train'])
  const sessions = [...files.values()].map((bytes) => read(Uint8Array.from(bytes)))
  expect(sessions.map((events) => events.find(({ sessionLog }) => sessionLog)?.step)).toEqual([1, 3])
})

test('options that are none are refused, and a sink that fails ends the training', async () => {
  expect(() => tensorBoard({ directory: '' })).toThrow("tensorBoard: no directory; name one, 'runs/first' for instance")
  expect(() => tensorBoard({ directory: 'runs', every: -1 })).toThrow('every -1; use a whole number of batches')
  const full: EventSink = { append: () => Promise.reject(new Error('disk full')) }
  const trainer = new Trainer(await trained(), options('runs', full))
  await expect(trainer.fit(sequences(), { epochs: 1 })).rejects.toThrow('disk full')
})
