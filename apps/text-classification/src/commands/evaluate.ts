/** `evaluate`: how good a saved model is on labelled texts. */

import { confusionMatrix, evaluate } from '@rnn/train'
import { Command, Option } from 'commander'
import { withBackend } from 'app-kit/backends'
import { generateCorpus } from '../corpus/corpus.ts'
import { AppError } from 'app-kit/errors'
import { corpusExamples, readExamples } from '../examples.ts'
import { path } from 'app-kit/options'
import { loadClassifier } from '../model-folder.ts'
import { confusionTable, labelScores, scoreTable } from '../report.ts'
import { encode } from '../text-encoder.ts'
import { processOutput } from 'app-kit/ui/output'
import { heading, percent } from 'app-kit/ui/style'
import { jsonOption, modelOptions, type ModelOptions } from './shared-options.ts'

interface EvaluateOptions extends ModelOptions {
  readonly data?: string
}

/** The command. */
export function evaluateCommand(): Command {
  return modelOptions(new Command('evaluate'))
    .description('measure a saved model on labelled texts')
    .addOption(
      new Option(
        '--data <file>',
        'TSV or CSV with the columns label and text (default: test part of the embedded corpus)',
      ).argParser(path('--data', 'a file')),
    )
    .addOption(jsonOption())
    .action(measure)
}

async function measure(options: EvaluateOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const examples =
    options.data === undefined ? corpusExamples('test', generateCorpus().test) : await readExamples(options.data)
  await withBackend(options.backend, async (backend) => {
    const { model, encoder } = await loadClassifier(options.model, backend)
    if (options.data === undefined && !examples.labels.every((label) => encoder.labels.has(label))) {
      throw new AppError(
        'E_OPTION',
        `the model in ${options.model} has labels of its own`,
        'give texts with them by --data',
      )
    }
    const set = encode(encoder, examples, { batchSize: 64 })
    const { metrics } = await evaluate(model, set, { metrics: [confusionMatrix({ labels: encoder.labels.labels })] })
    const matrix = metrics.confusionMatrix
    const scores = labelScores(matrix)
    output.data({ accuracy: matrix.accuracy, texts: set.sampleCount, labels: scores, confusion: matrix })
    output.text(
      `accuracy ${percent(matrix.accuracy)} on ${set.sampleCount.toLocaleString('en')} texts of ${examples.file ?? 'the data'}`,
    )
    output.text(heading('by label'))
    output.text(scoreTable(scores))
    output.text(heading('what was taken for what'))
    output.text(confusionTable(matrix))
  })
}
