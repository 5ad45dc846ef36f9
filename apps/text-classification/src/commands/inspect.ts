/** `inspect`: the label of each text, and which words moved the decision. */

import { tokenizeTexts } from '@rnn/data'
import { Command } from 'commander'
import { attribute } from '../attribution.ts'
import { withBackend } from 'app-kit/backends'
import { inputTexts } from 'app-kit/input-texts'
import { loadClassifier } from '../model-folder.ts'
import { processOutput } from 'app-kit/ui/output'
import { paint, percent } from 'app-kit/ui/style'
import { bars, highlighted } from '../ui/words.ts'
import { fileOption, jsonOption, modelOptions, type ModelOptions } from './shared-options.ts'

interface InspectOptions extends ModelOptions {
  readonly file?: string
}

/** The command. */
export function inspectCommand(): Command {
  return modelOptions(new Command('inspect'))
    .description('say which words moved the decision about a text (gradient × input)')
    .argument('[texts...]', 'texts to look into')
    .addOption(fileOption())
    .addOption(jsonOption())
    .action(inspect)
}

async function inspect(args: readonly string[], options: InspectOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const input = await inputTexts(args, options.file)
  await withBackend(options.backend, async (backend) => {
    const classifier = await loadClassifier(options.model, backend)
    tokenizeTexts(input.texts, classifier.encoder.tokenizer, input) // a text of no words is found before anything is printed
    for (const text of input.texts) {
      const decision = await attribute(classifier, text)
      const { label, probability, against, words } = decision
      output.data(decision)
      output.text(`${paint('bold', label)} ${percent(probability)}   ${highlighted(text, words)}`)
      output.text(paint('dim', `for ${label} to the right, for ${against} to the left`))
      for (const line of bars(words)) output.text(line)
      output.text()
    }
  })
}
