/**
 * How the embedded corpus praises and condemns. Each construction but the last two gives two reviews of exactly the same words,
 * one positive and one negative: only their order tells them apart, so a bag of words cannot.
 */

import { article, is, was, type Draw } from './draw.ts'

/** Two reviews, of the same words unless the construction says otherwise. */
export interface Twins {
  readonly positive: string
  readonly negative: string
}

/** A way to say it. */
export interface Construction {
  readonly name: string
  /** The twins of one draw, without capitals. */
  readonly twins: (draw: Draw) => Twins
}

const denials = ["I can't say", 'nobody can say', "I don't think", "it isn't true that"]

/** Both reviews of a wording of two judgements that contradict each other; the first one given to it is the one that holds. */
function either(good: string, bad: string, wording: (holds: string, fails: string) => string): Twins {
  return { positive: wording(good, bad), negative: wording(bad, good) }
}

/** "Dull at first, but brilliant in the end": of two moments the later one counts, wherever it is said. */
const change: Construction = {
  name: 'change',
  twins: (draw) => {
    const { name, good, bad } = draw.whole()
    return either(
      good,
      bad,
      draw.oneOf([
        (now, before) => `${name} was ${before} at first, but ${now} in the end.`,
        (now, before) => `in the end ${name} was ${now}, though it was ${before} at first.`,
        (now, before) => `at first ${name} was ${before}, and then it was ${now}.`,
        (now, before) => `I used to find ${name} ${before}, but now I find it ${now}.`,
        (now, before) => `now I find ${name} ${now}, but I used to find it ${before}.`,
      ]),
    )
  },
}

/** "Good? Hardly.": a question that the next word denies. */
const denial: Construction = {
  name: 'denied question',
  twins: (draw) => {
    const { name, good, bad } = draw.whole()
    return either(
      good,
      bad,
      draw.oneOf([
        (holds, denied) => `${denied}? hardly. ${name} was ${holds}.`,
        (holds, denied) => `was ${name} ${denied}? not at all, it was ${holds}.`,
        (holds, denied) => `${name} was ${holds}. ${denied}? hardly.`,
        (holds, denied) => `${denied}? no. ${holds}? yes, ${name} was all of that.`,
        (holds, denied) => `${holds}? yes. ${denied}? no, ${name} was none of that.`,
      ]),
    )
  },
}

/** "Not dull but brilliant", "brilliant, not dull": which of two words the negation takes. */
const correction: Construction = {
  name: 'correction',
  twins: (draw) => {
    const { name, good, bad } = draw.whole()
    return either(
      good,
      bad,
      draw.oneOf([
        (holds, denied) => `${name} is not ${denied} but ${holds}.`,
        (holds, denied) => `${name} is ${holds}, not ${denied}.`,
        (holds, denied) => `I would call ${name} ${holds} rather than ${denied}.`,
        (holds, denied) => `rather than ${denied}, I would call ${name} ${holds}.`,
        (holds, denied) => `${name} was anything but ${denied}: it was ${holds}.`,
        (holds, denied) => `${name} was always ${holds} and never ${denied}.`,
        (holds, denied) => `${name} was never ${denied}, it was always ${holds}.`,
      ]),
    )
  },
}

/** "The coffee was not watery, and the cakes were fresh": what the negation reaches, and what not. */
const scope: Construction = {
  name: 'scope of negation',
  twins: (draw) => {
    const [one, two] = draw.twoParts()
    const not = draw.oneOf(['not', 'never', 'hardly', 'far from', 'by no means', 'not at all'])
    const wording = draw.oneOf([
      (a: string, b: string) => `${one.name} ${was(one)} ${a} and ${two.name} ${was(two)} ${b}.`,
      (a: string, b: string) => `${one.name} ${was(one)} ${a}, ${two.name} ${was(two)} ${b}.`,
      (a: string, b: string) => `${one.name} ${is(one)} ${a}, and ${two.name} ${is(two)} ${b}.`,
    ])
    return draw.oneOf([
      { positive: wording(`${not} ${one.bad}`, two.good), negative: wording(one.bad, `${not} ${two.good}`) },
      { positive: wording(one.good, `${not} ${two.bad}`), negative: wording(`${not} ${one.good}`, two.bad) },
    ])
  },
}

/** "I can't say the room was not clean, and the beds were not lumpy": two negations cancel, the third stands alone. */
const doubleNegation: Construction = {
  name: 'double negation',
  twins: (draw) => {
    const [one, two] = draw.twoParts()
    const { oneOf } = draw
    const deny = oneOf(denials)
    const wording = oneOf([
      (a: string, b: string) => `${deny} ${a}, and ${b}.`,
      (a: string, b: string) => `${b}, and ${deny} ${a}.`,
    ])
    const good = `${one.name} ${was(one)} not ${one.good}`
    const bad = `${two.name} ${was(two)} not ${two.bad}`
    return { positive: wording(good, bad), negative: wording(bad, good) }
  },
}

/** "This café is better than the one by the station": who is compared with whom. */
const comparison: Construction = {
  name: 'comparison',
  twins: (draw) => {
    const { noun } = draw.topic
    const rival = draw.rival()
    const much = draw.oneOf(['', 'much ', 'far ', 'a lot '])
    const { firstWins, say } = draw.oneOf([
      { firstWins: true, say: (a: string, b: string) => `${a} is ${much}better than ${b}.` },
      { firstWins: false, say: (a: string, b: string) => `${a} is ${much}worse than ${b}.` },
      { firstWins: true, say: (a: string, b: string) => `I liked ${a} ${much}more than ${b}.` },
      { firstWins: true, say: (a: string, b: string) => `I would take ${a} over ${b} any day.` },
      { firstWins: true, say: (a: string, b: string) => `compared with ${a}, ${b} is ${much}worse.` },
      { firstWins: false, say: (a: string, b: string) => `compared with ${a}, ${b} is ${much}better.` },
    ])
    const here = (head: string): string => `this ${head}`
    // The noun goes with whichever is said first, so that both twins read well.
    const pair = (winner: (head: string) => string, loser: (head: string) => string): string =>
      firstWins ? say(winner(noun), loser('one')) : say(loser(noun), winner('one'))
    return { positive: pair(here, rival), negative: pair(rival, here) }
  },
}

/** "I expected a dull film and got a brilliant one": what was thought beforehand does not count. */
const expectation: Construction = {
  name: 'expectation',
  twins: (draw) => {
    const { name, good, bad } = draw.whole()
    const { noun } = draw.topic
    return either(
      good,
      bad,
      draw.oneOf([
        (got, expected) => `I expected ${article(expected)} ${noun} and got ${article(got)} one.`,
        (got, expected) => `I got ${article(got)} ${noun} where I expected ${article(expected)} one.`,
        (got, expected) => `I thought ${name} would be ${expected}, but it was ${got}.`,
        (got, expected) => `${name} was ${got}, and I thought it would be ${expected}.`,
      ]),
    )
  },
}

/** "My sister hated it, I loved it": the reviewer's opinion is the one that counts. */
const opinion: Construction = {
  name: 'whose opinion',
  twins: (draw) => {
    const { oneOf } = draw
    const { name, good, bad } = draw.whole()
    const other = oneOf(['my sister', 'my neighbour', 'everyone else', 'the critic', 'my friend'])
    const [love, hate] = oneOf([
      ['loved', 'hated'],
      ['enjoyed', 'disliked'],
      ['praised', 'cursed'],
    ] as const)
    return oneOf([
      either(love, hate, (mine, theirs) => `${other} ${theirs} ${name}, but I ${mine} it.`),
      either(love, hate, (mine, theirs) => `I ${mine} ${name}, but ${other} ${theirs} it.`),
      either(good, bad, (mine, theirs) => `${other} called ${name} ${theirs}, I call it ${mine}.`),
      either(good, bad, (mine, theirs) => `I found ${name} ${mine}, whatever ${other} said: ${theirs}, of all things.`),
    ])
  },
}

/** "The coffee may be watery, but the café is charming": the part after "but" carries the argument. */
const concession: Construction = {
  name: 'concession',
  twins: (draw) => {
    const { oneOf } = draw
    const [part] = draw.twoParts()
    const whole = draw.whole()
    const wording = oneOf([
      (conceded: string, holds: string) => `granted, ${conceded}, but ${holds}.`,
      (conceded: string, holds: string) => `${holds}, even though ${conceded}.`,
      (conceded: string, holds: string) => `although ${conceded}, ${holds}.`,
    ])
    const clause = (subject: typeof part, word: string): string => `${subject.name} ${is(subject)} ${word}`
    return oneOf([
      {
        positive: wording(clause(part, part.bad), clause(whole, whole.good)),
        negative: wording(clause(whole, whole.good), clause(part, part.bad)),
      },
      {
        positive: wording(clause(whole, whole.bad), clause(part, part.good)),
        negative: wording(clause(part, part.good), clause(whole, whole.bad)),
      },
    ])
  },
}

/** "Glad to arrive and sorry to leave": which feeling went with which moment. */
const feeling: Construction = {
  name: 'feeling',
  twins: (draw) => {
    const { beginning, ending, noun } = draw.topic
    const [glad, sorry] = draw.oneOf([
      ['glad', 'sorry'],
      ['happy', 'sad'],
      ['pleased', 'sorry'],
    ] as const)
    const about = draw.oneOf([`as for this ${noun}, `, `what can I say about the ${noun}? `, `with this ${noun}, `])
    const who = draw.oneOf(['I was', 'we were'])
    return either(
      glad,
      sorry,
      draw.oneOf([
        (first, last) => `${about}${who} ${first} ${beginning} and ${last} ${ending}.`,
        (first, last) => `${about}${who} ${last} ${ending}, and ${first} ${beginning}.`,
      ]),
    )
  },
}

/**
 * "Not bad at all": a single judgement under no negation or one. The words of the two reviews do differ, but there are as many reviews with a
 * negation as without, so that no weight for "not" helps a sum of weights.
 */
const plain: Construction = {
  name: 'plain',
  twins: (draw) => {
    const { oneOf } = draw
    const { name, good, bad } = draw.whole()
    const { noun } = draw.topic
    const straight = oneOf([
      (word: string) => `${name} was ${word}.`,
      (word: string) => `${article(word)} ${noun} indeed.`,
      (word: string) => `it was really ${word}, this ${noun}.`,
    ])
    const negated = oneOf([
      (word: string) => `${name} was not ${word} at all.`,
      (word: string) => `not ${word} at all, this ${noun}.`,
      (word: string) => `this is hardly ${article(word)} ${noun}.`,
      (word: string) => `never ${word}, this ${noun}.`,
    ])
    return oneOf([either(good, bad, straight), either(bad, good, negated)])
  },
}

/** "I can't say the film was not good": a claim denied, itself negated or not, as often the one as the other. */
const deniedClaim: Construction = {
  name: 'denied claim',
  twins: (draw) => {
    const { name, good, bad } = draw.whole()
    const deny = draw.oneOf(denials)
    return draw.oneOf([
      either(bad, good, (word) => `${deny} ${name} was ${word}.`),
      either(good, bad, (word) => `${deny} ${name} was not ${word}.`),
    ])
  },
}

/** Every construction. */
export const constructions: readonly Construction[] = [
  change,
  denial,
  correction,
  scope,
  doubleNegation,
  comparison,
  expectation,
  opinion,
  concession,
  feeling,
  plain,
  deniedClaim,
]
