/** `evaluate`: how good a saved model is on pairs of sentences. */

import { withBackend } from 'app-kit/backends'
import { path } from 'app-kit/options'
import { processOutput, type Output } from 'app-kit/ui/output'
import { percent } from 'app-kit/ui/style'
import { table } from 'app-kit/ui/table'
import { Command, Option } from 'commander'
import { embedded, readPairFiles, type Pairs } from '../data-sources.ts'
import { loadTranslator } from '../model-folder.ts'
import { scoreOn, type Scores } from '../scores.ts'
import { pairFiles } from './pair-files.ts'
import { decodingOptions, jsonOption, modelOptions, type ModelOptions, type PairOptions } from './shared-options.ts'

interface EvaluateOptions extends ModelOptions, PairOptions {}

/** The command. */
export function evaluateCommand(): Command {
  const file = (flags: string, name: string, description: string): Option =>
    new Option(flags, description).argParser(path(name, 'a file'))
  return decodingOptions(modelOptions(new Command('evaluate')))
    .description('measure a saved model on pairs of sentences: BLEU, chrF, exact match')
    .addOption(file('--source <file>', '--source', 'sentences, one a line, plain or .gz'))
    .addOption(
      file('--target <file>', '--target', 'their translations (default of both: test part of the embedded pair)'),
    )
    .addOption(file('--data <file>', '--data', 'in place of these, a TSV or CSV with the columns source and target'))
    .addOption(jsonOption())
    .action(measure)
}

async function measure(options: EvaluateOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const { source, target, data: table, beam, lengthPenalty, maxOutput } = options
  const files = pairFiles({ source, target, table }, { source: '--source', target: '--target', table: '--data' })
  const pairs = files === undefined ? embedded().test : await read(files, output)
  await withBackend(options.backend, async (backend) => {
    const translator = await loadTranslator(options.model, backend, options.languages)
    const { scores } = await scoreOn(translator, pairs, {
      beam,
      lengthPenalty,
      maxOutput,
      nBest: 1,
      attention: false,
    })
    output.data({ ...scores, beam, file: pairs.file })
    output.text(`${scores.sentences.toLocaleString('en')} sentences of ${pairs.file}, beam ${beam}`)
    output.text(scoreTable(scores))
  })
}

async function read(files: Parameters<typeof readPairFiles>[0], output: Output): Promise<Pairs> {
  const { file, pairs, warnings } = await readPairFiles(files)
  for (const warning of warnings) output.note(`warning: ${warning}`)
  return { file: file ?? 'the data', pairs }
}

/** The scores as a table, with the signature by which others can compute the same. */
export function scoreTable({ bleu, bleuSignature, chrF, exactMatch }: Scores): string {
  const rows = [
    ['BLEU', bleu.toFixed(2), bleuSignature],
    ['chrF', chrF.toFixed(2), ''],
    ['exact match', percent(exactMatch), ''],
  ]
  return table([{ name: '' }, { name: 'score', numeric: true }, { name: 'signature', wrap: true }], rows)
}
