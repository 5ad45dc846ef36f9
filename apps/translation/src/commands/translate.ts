/** `translate`: translations of sentences. */

import { withBackend } from 'app-kit/backends'
import { AppError } from 'app-kit/errors'
import { writeTogether } from 'app-kit/files'
import { inputTexts } from 'app-kit/input-texts'
import { path, wholeNumber } from 'app-kit/options'
import { processOutput, type Output } from 'app-kit/ui/output'
import { paint } from 'app-kit/ui/style'
import { printable } from 'app-kit/ui/wrap'
import { Command, Option } from 'commander'
import { basename, dirname, resolve } from 'node:path'
import { loadTranslator } from '../model-folder.ts'
import { translate, type Candidate } from '../translate.ts'
import { alignmentPicture, alignmentTable, type Alignment } from '../ui/alignment.ts'
import { decodingOptions, jsonOption, modelOptions, type ModelOptions } from './shared-options.ts'

interface TranslateOptions extends ModelOptions {
  readonly file?: string
  readonly nBest: number
  readonly attention?: boolean
  readonly picture?: string
}

/** The command. */
export function translateCommand(): Command {
  return decodingOptions(modelOptions(new Command('translate')))
    .description('translate sentences: arguments, the lines of a file, or the lines of standard input')
    .argument('[sentences...]', 'sentences to translate')
    .addOption(new Option('--file <path>', 'file of sentences, one a line').argParser(path('--file', 'a file')))
    .addOption(
      new Option('--n-best <n>', 'translations of each sentence, at most --beam')
        .default(1)
        .argParser(wholeNumber('--n-best', 1, 100)),
    )
    .addOption(new Option('--attention', 'print what each word of a translation looked at'))
    .addOption(
      new Option('--picture <file>', 'write that as an SVG heat map, of the first sentence').argParser(
        path('--picture', 'a file'),
      ),
    )
    .addOption(jsonOption())
    .action(run)
}

async function run(args: readonly string[], options: TranslateOptions): Promise<void> {
  const output = processOutput(options.json === true)
  const { beam, lengthPenalty, maxOutput, nBest, picture } = options
  if (nBest > beam) {
    throw new AppError('E_OPTION', `--n-best is ${nBest}, but --beam is ${beam}`, 'a beam gives as many as it is wide')
  }
  const attention = options.attention === true || picture !== undefined
  const { texts } = await inputTexts(args, options.file)
  await withBackend(options.backend, async (backend) => {
    const translator = await loadTranslator(options.model, backend, options.languages)
    if (attention && translator.settings.attention === 'none') {
      throw new AppError(
        'E_OPTION',
        `the model in ${options.model} has no attention`,
        'train one with --attention additive',
      )
    }
    const found = await translate(translator, texts, { beam, lengthPenalty, maxOutput, nBest, attention })
    texts.forEach((text, i) => show(output, text, found[i] ?? [], options))
    const first = found[0]?.[0]?.alignment
    if (picture !== undefined && first !== undefined) output.note(`picture: ${await savePicture(picture, first)}`)
  })
}

function show(
  output: Output,
  text: string,
  candidates: readonly Candidate[],
  { nBest, attention }: TranslateOptions,
): void {
  output.data({
    source: text,
    translations: candidates.map(({ text: translation, score, ended, alignment }) => ({
      text: translation,
      score,
      ended,
      ...(attention === true && { alignment }),
    })),
  })
  for (const { text: translation, score, ended, alignment } of candidates) {
    const remark = ended ? '' : paint('dim', ' … (cut off at --max-output)')
    output.text(`${nBest > 1 ? `${score.toFixed(3).padStart(8)}  ` : ''}${printable(translation)}${remark}`)
    if (attention === true && alignment !== undefined) for (const line of alignmentTable(alignment)) output.text(line)
  }
}

/** Writes the picture of an alignment; returns where. @throws E_FILE */
export async function savePicture(file: string, alignment: Alignment): Promise<string> {
  await writeTogether(dirname(resolve(file)), { [basename(file)]: await alignmentPicture(alignment) })
  return file
}
