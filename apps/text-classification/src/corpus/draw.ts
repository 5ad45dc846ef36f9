/** Random choices within one topic, and the little grammar that English asks for: verbs that agree, articles that fit. */

import type { RandomStream } from '@rnn/data'
import type { Aspect, Topic } from './topics.ts'

/** A thing to judge with words for and against it: the subject of a clause. */
export interface Subject {
  /** With its article: `the coffee`. */
  readonly name: string
  readonly plural: boolean
  readonly good: string
  readonly bad: string
}

/** The choices for one review. Each call draws anew. */
export interface Draw {
  readonly topic: Topic
  /** One of several wordings. */
  oneOf<T>(items: readonly T[]): T
  /** The thing as a whole. */
  whole(): Subject
  /** Two different parts of it. */
  twoParts(): readonly [Subject, Subject]
  /** Another thing of the kind: a function of the noun that stands for it, `café` or `one`. */
  rival(): (noun: string) => string
}

/** Choices by the numbers of `random`. */
export function drawFrom(topic: Topic, random: RandomStream): Draw {
  const oneOf = <T>(items: readonly T[]): T => items[random.below(items.length)] as T
  const part = ({ noun, plural = false, good, bad }: Aspect): Subject => ({
    name: `the ${noun}`,
    plural,
    good: oneOf(good),
    bad: oneOf(bad),
  })
  return {
    topic,
    oneOf,
    whole: () => ({
      name: `${oneOf(['the', 'this'])} ${topic.noun}`,
      plural: false,
      good: oneOf(topic.good),
      bad: oneOf(topic.bad),
    }),
    twoParts: () => {
      const first = random.below(topic.aspects.length)
      const second = (first + 1 + random.below(topic.aspects.length - 1)) % topic.aspects.length
      return [part(topic.aspects[first] as Aspect), part(topic.aspects[second] as Aspect)]
    },
    rival: () => {
      const pattern = oneOf(topic.rivals)
      return (noun) => pattern.replace('___', noun)
    },
  }
}

/** `was` or `were`. */
export function was({ plural }: Subject): string {
  return plural ? 'were' : 'was'
}

/** `is` or `are`. */
export function is({ plural }: Subject): string {
  return plural ? 'are' : 'is'
}

/** The word with `a` or `an` before it. */
export function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`
}

/** A text with capitals where sentences begin. */
export function capitalise(text: string): string {
  return text.replace(/(^|[.?!] )(\p{Ll})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())
}
