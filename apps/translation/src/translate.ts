/** Sentences in, translations out: cut into batches of similar length, searched, and put together again. */

import { padSequences } from '@rnn/data'
import { beamSearch, greedy, type DecodingOptions, type Hypothesis } from '@rnn/layers'
import type { Translator } from './translator.ts'
import type { Alignment } from './ui/alignment.ts'

/** How to search. */
export interface Search {
  /** Hypotheses kept at each step; 1: the likeliest token each time. */
  readonly beam: number
  readonly lengthPenalty: number
  /** Tokens at most. */
  readonly maxOutput: number
  /** Translations for each sentence. */
  readonly nBest: number
  /** Whether to give alignments. */
  readonly attention: boolean
}

/** A translation. */
export interface Candidate {
  readonly text: string
  /** ln p, by length where a beam ranked it. */
  readonly score: number
  /** False if it was cut off at the greatest length. */
  readonly ended: boolean
  /** What it looked at, where that was asked for and the model attends. */
  readonly alignment: Alignment | undefined
}

const batchSize = 32

/** Translates sentences; for each at most `nBest`, the best first. A sentence of no tokens is translated as nothing. */
export async function translate(
  { model, codecs }: Translator,
  texts: readonly string[],
  search: Search,
): Promise<Candidate[][]> {
  const ids = texts.map((text) => codecs.source.encode(text))
  // Sentences of one length are padded little.
  const order = ids.map((_, i) => i).toSorted((a, b) => (ids[a]?.length ?? 0) - (ids[b]?.length ?? 0))
  const found: Candidate[][] = texts.map(() => [{ text: '', score: 0, ended: true, alignment: undefined }])
  const full = order.filter((i) => (ids[i]?.length ?? 0) > 0)
  for (let start = 0; start < full.length; start += batchSize) {
    const rows = full.slice(start, start + batchSize)
    const { ids: data, shape, lengths } = padSequences(rows.map((i) => ids[i] ?? new Int32Array()))
    const input = { source: { data, shape }, sourceLengths: { data: lengths, shape: [rows.length] } }
    const hypotheses = await searchBatch(model, input, codecs.target, search)
    rows.forEach((i, row) => {
      found[i] = (hypotheses[row] ?? []).map((each) => candidateOf(each, texts[i] ?? '', codecs))
    })
  }
  return found
}

async function searchBatch(
  model: Translator['model'],
  input: Parameters<typeof greedy>[1],
  { startId, endId, paddingId, unknownId }: Translator['codecs']['target'],
  { beam, lengthPenalty, maxOutput, nBest, attention }: Search,
): Promise<Hypothesis[][]> {
  const options: DecodingOptions = {
    startId,
    endId,
    maxLength: maxOutput,
    minLength: 1,
    // Nobody is helped by an unknown word in a translation.
    never: [startId, paddingId, unknownId],
    attention,
  }
  if (beam === 1) return (await greedy(model, input, options)).map((each) => [each])
  return beamSearch(model, input, { ...options, width: beam, nBest, lengthPenalty })
}

function candidateOf(
  { words, score, ended, attention }: Hypothesis,
  text: string,
  { source, target }: Translator['codecs'],
): Candidate {
  return {
    text: target.decode(words),
    score,
    ended,
    alignment: attention && {
      sourcePieces: source.pieces(text),
      targetPieces: [...Array.from(words, (id) => target.label(id)), ...(ended ? ['(end)'] : [])],
      weights: attention.map((row) => Array.from(row)),
    },
  }
}
