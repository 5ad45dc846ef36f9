/**
 * `@rnn/data`: texts, tables and arrays as batches of host arrays. It depends on no other @rnn package and runs in
 * browsers and in Node.
 *
 * Where things live: `text/` tokens, vocabularies, labels; `sequences/` padding and bucketing; `batches/` what a
 * trainer reads; `readers/` files; `series/` numbers over time; `audio/` features of sounds; `checks/` what is looked at before training; `metrics/` scores of texts. New formats
 * are a file each in `readers/`. Subwords have an entry point of their own, `subwords.ts`.
 */

export { DataError } from './errors.ts'
export type { DataErrorCode, DataErrorDetails, Place, Places } from './errors.ts'
export { gatherRows, hostArray } from './host-array.ts'
export type { HostArray, HostArrays } from './host-array.ts'
export { permutation, randomStream, shuffle } from './random.ts'
export type { RandomStream } from './random.ts'

export { characters } from './text/characters.ts'
export type { CharactersOptions } from './text/characters.ts'
export { encodeTexts, tokenizeTexts } from './text/encode-texts.ts'
export { characterStream } from './text/character-stream.ts'
export type { CharacterStream, CharacterStreamOptions } from './text/character-stream.ts'
export { labelIndex, labelIndexFromJSON } from './text/label-index.ts'
export type { LabelIndex, LabelIndexJSON, LabelIndexOptions } from './text/label-index.ts'
export type { Normalization } from './text/normalization.ts'
export type { Tokenizer } from './text/tokenizer.ts'
export type { SpecialTokens } from './text/special-tokens.ts'
export { textCodecFromJSON } from './text/text-codec-json.ts'
export type { TextCodecReader } from './text/text-codec-json.ts'
export type { TextCodec } from './text/text-codec.ts'
export { tokenizerFromJSON } from './text/tokenizer-json.ts'
export type { TokenizerFactory } from './text/tokenizer-json.ts'
export { buildVocabulary, vocabularyFromJSON } from './text/vocabulary.ts'
export type { Vocabulary, VocabularyJSON, VocabularyOptions } from './text/vocabulary.ts'
export { characterCodec, vocabularyCodecFromJSON, wordCodec } from './text/word-codec.ts'
export type { VocabularyCodecOptions } from './text/word-codec.ts'
export { whitespace } from './text/whitespace.ts'
export type { WhitespaceOptions } from './text/whitespace.ts'
export { words } from './text/words.ts'
export type { WordsOptions } from './text/words.ts'

export { bucketByLength } from './sequences/bucketing.ts'
export type { BucketingOptions } from './sequences/bucketing.ts'
export { padSequences } from './sequences/padding.ts'
export type { PaddedSequences, PaddingOptions } from './sequences/padding.ts'

export { arrayDataset } from './batches/array-dataset.ts'
export type { ArrayDatasetOptions } from './batches/array-dataset.ts'
export type {
  AsyncBatchSource,
  Batch,
  BatchingOptions,
  BatchSource,
  Dataset,
  RowBatch,
} from './batches/batch-source.ts'
export { mapBatches } from './batches/map-batches.ts'
export { prefetch } from './batches/prefetch.ts'
export { trainValidationSplit } from './batches/split.ts'
export type { Split, SplitOptions } from './batches/split.ts'
export { streamDataset } from './batches/stream-dataset.ts'
export type { StreamBatch, StreamDataset, StreamDatasetOptions } from './batches/stream-dataset.ts'
export { textDataset } from './batches/text-dataset.ts'
export type { TextDataset, TextDatasetOptions, TextLabels, TextSequences } from './batches/text-dataset.ts'
export { translationDataset } from './batches/translation-dataset.ts'
export type {
  TranslationBatch,
  TranslationDataset,
  TranslationDatasetOptions,
  TranslationInputs,
  TranslationPairs,
} from './batches/translation-dataset.ts'

export { readBytes } from './readers/bytes.ts'
export type { ByteSource } from './readers/bytes.ts'
export { decodeText } from './readers/decode-text.ts'
export { parseIdx, readIdx } from './readers/idx.ts'
export { readJsonLines } from './readers/json-lines.ts'
export type { JsonLinesOptions } from './readers/json-lines.ts'
export { readLabelledImages } from './readers/labelled-images.ts'
export type { LabelledImages } from './readers/labelled-images.ts'
export { labelledTexts } from './readers/labelled-texts.ts'
export type { LabelledTexts } from './readers/labelled-texts.ts'
export { readLines } from './readers/lines.ts'
export type { TextLines } from './readers/lines.ts'
export { numericColumn } from './readers/numeric-column.ts'
export { readPairs, readParallelTexts } from './readers/parallel-texts.ts'
export type {
  PairLimits,
  PairsOptions,
  ParallelTexts,
  ParallelTextsOptions,
  SkippedPairs,
  TextPair,
} from './readers/parallel-texts.ts'
export type { TextSource } from './readers/source-text.ts'
export { parseWav, readWav } from './readers/wav.ts'
export type { Sound } from './readers/wav.ts'
export { parseTable, readTable } from './readers/table.ts'
export type { Rows, Table, TableOptions, TableRow } from './readers/table.ts'

export { minMaxScaler, scalerFromJSON, standardScaler } from './series/scaling.ts'
export type { Scaler, ScalerJSON } from './series/scaling.ts'
export { numericSeries, seriesOf, sliceSeries } from './series/series.ts'
export type { Gaps, Series, SeriesOptions } from './series/series.ts'
export { seriesWindows } from './series/windows.ts'
export type { SeriesWindows, WindowOptions } from './series/windows.ts'

export { logMel } from './audio/log-mel.ts'
export type { LogMel, LogMelOptions } from './audio/log-mel.ts'
export type { MelScale } from './audio/mel-filters.ts'

export { checkFinite } from './checks/finite.ts'
export { checkKnownTokens } from './checks/known-tokens.ts'
export { checkClasses } from './checks/labels.ts'

export { bleu } from './metrics/bleu.ts'
export type { BleuOptions, BleuScore, BleuSmoothing } from './metrics/bleu.ts'
export type { BleuTokenizer } from './metrics/bleu-tokenizers.ts'
export { chrF } from './metrics/chrf.ts'
export type { ChrFOptions, ChrFScore } from './metrics/chrf.ts'
export { exactMatch } from './metrics/exact-match.ts'
export type { ExactMatchOptions } from './metrics/exact-match.ts'
export { perplexity } from './metrics/perplexity.ts'
export type { References } from './metrics/reference-texts.ts'
