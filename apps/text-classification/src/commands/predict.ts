/** `predict`: the labels of texts. */

import { Command } from 'commander'
import { withBackend } from 'app-kit/backends'
import { classify } from '../classifier.ts'
import { inputTexts } from 'app-kit/input-texts'
import { loadClassifier } from '../model-folder.ts'
import { processOutput } from 'app-kit/ui/output'
import { percent } from 'app-kit/ui/style'
import { table } from 'app-kit/ui/table'
import { printable } from 'app-kit/ui/wrap'
import { fileOption, jsonOption, modelOptions, type ModelOptions } from './shared-options.ts'

interface PredictOptions extends ModelOptions {
  readonly file?: string
}

/** The command. */
export function predictCommand(): Command {
  return modelOptions(new Command('predict'))
    .description('say the labels of texts: arguments, the lines of a file, or the lines of standard input')
    .argument('[texts...]', 'texts to classify')
    .addOption(fileOption())
    .addOption(jsonOption())
    .action(predict)
}

async function predict(args: readonly string[], options: PredictOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const input = await inputTexts(args, options.file)
  await withBackend(options.backend, async (backend) => {
    const classifier = await loadClassifier(options.model, backend)
    const predictions = await classify(classifier, input.texts, input)
    const { labels } = classifier.encoder.labels
    for (const { text, label, probability, probabilities } of predictions) {
      output.data({
        text,
        label,
        probability,
        probabilities: Object.fromEntries(labels.map((name, i) => [name, probabilities[i]])),
      })
    }
    const columns = [{ name: 'label' }, { name: 'sure', numeric: true }, { name: 'text' }]
    output.text(
      table(
        columns,
        predictions.map(({ text, label, probability }) => [label, percent(probability), printable(text)]),
      ),
    )
  })
}
