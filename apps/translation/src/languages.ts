/** What is translated into what: `en-fr`. */

import { AppError } from 'app-kit/errors'

/** Names of two languages, as short or as long as people like. */
export interface Languages {
  readonly source: string
  readonly target: string
}

/** `en-fr` → the languages. @throws E_OPTION for anything else */
export function parseLanguages(option: string): (text: string) => Languages {
  return (text) => {
    const languages = languagesOf(text)
    if (languages !== undefined) return languages
    throw new AppError('E_OPTION', `${option} is "${text}"`, 'give two names with a hyphen between them, such as de-en')
  }
}

/** The languages of a saved direction; undefined if it is none. */
export function languagesOf(text: unknown): Languages | undefined {
  const [, source, target] = (typeof text === 'string' && /^([\p{L}\p{N}_]+)-([\p{L}\p{N}_]+)$/u.exec(text)) || []
  return source === undefined || target === undefined ? undefined : { source, target }
}

/** `en-fr`. */
export function directionOf({ source, target }: Languages): string {
  return `${source}-${target}`
}
