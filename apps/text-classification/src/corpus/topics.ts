/** What the reviews of the embedded corpus are about: six things, the parts they are judged by, and the words for each. */

/** A part of a thing that can be good or bad by itself, such as the coffee of a café. */
export interface Aspect {
  readonly noun: string
  readonly plural?: boolean
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

/** A thing that people review. */
export interface Topic {
  readonly noun: string
  /** Words for the thing as a whole. */
  readonly good: readonly string[]
  readonly bad: readonly string[]
  readonly aspects: readonly Aspect[]
  /** Another thing of the kind, around the noun or around "one": `the ___ around the corner`. */
  readonly rivals: readonly string[]
  /** How being with it begins and ends: "glad ___ and sorry ___" praises, the other way round it condemns. */
  readonly beginning: string
  readonly ending: string
  /** Sentences that say nothing for or against it. */
  readonly asides: readonly string[]
}

const film: Topic = {
  noun: 'film',
  good: ['brilliant', 'gripping', 'wonderful', 'funny', 'moving', 'good', 'great', 'fresh'],
  bad: ['dull', 'tedious', 'awful', 'clumsy', 'bad', 'silly', 'poor', 'boring'],
  aspects: [
    { noun: 'acting', good: ['convincing', 'subtle'], bad: ['wooden', 'stiff'] },
    { noun: 'plot', good: ['clever', 'gripping'], bad: ['predictable', 'muddled'] },
    { noun: 'music', good: ['beautiful', 'haunting'], bad: ['bland', 'deafening'] },
    { noun: 'jokes', plural: true, good: ['funny', 'sharp'], bad: ['stale', 'silly'] },
  ],
  rivals: ['the ___ from last year', 'the ___ on the other screen', 'the first ___'],
  beginning: 'when it began',
  ending: 'when it ended',
  asides: ['I saw it on Friday', 'We went with my cousin', 'It runs for two hours', 'It is set in Lisbon'],
}

const cafe: Topic = {
  noun: 'café',
  good: ['charming', 'lovely', 'cosy', 'wonderful', 'excellent', 'good', 'great', 'welcoming'],
  bad: ['dreary', 'awful', 'noisy', 'grubby', 'bad', 'poor', 'gloomy', 'disappointing'],
  aspects: [
    { noun: 'coffee', good: ['fragrant', 'strong'], bad: ['watery', 'burnt'] },
    { noun: 'service', good: ['quick', 'friendly'], bad: ['slow', 'careless'] },
    { noun: 'cakes', plural: true, good: ['fresh', 'delicious'], bad: ['dry', 'stale'] },
    { noun: 'waiter', good: ['polite', 'friendly'], bad: ['rude', 'grumpy'] },
  ],
  rivals: ['the ___ around the corner', 'the ___ by the station', 'the old ___'],
  beginning: 'to arrive',
  ending: 'to leave',
  asides: ['We stopped there on Sunday', 'I had tea and a sandwich', 'It opens at eight', 'It is next to the library'],
}

const phone: Topic = {
  noun: 'phone',
  good: ['excellent', 'reliable', 'handy', 'elegant', 'good', 'great', 'fast', 'superb'],
  bad: ['awful', 'flimsy', 'clumsy', 'bad', 'slow', 'poor', 'useless', 'disappointing'],
  aspects: [
    { noun: 'screen', good: ['bright', 'sharp'], bad: ['dim', 'blurred'] },
    { noun: 'battery', good: ['reliable', 'strong'], bad: ['weak', 'feeble'] },
    { noun: 'camera', good: ['sharp', 'superb'], bad: ['blurred', 'useless'] },
    { noun: 'speakers', plural: true, good: ['clear', 'rich'], bad: ['tinny', 'crackly'] },
  ],
  rivals: ['my old ___', 'the ___ I had before', 'the cheaper ___'],
  beginning: 'when it arrived',
  ending: 'when it broke',
  asides: ['I bought it in May', 'I use it for work', 'It came with a case', 'My brother has the same one'],
}

const hotel: Topic = {
  noun: 'hotel',
  good: ['charming', 'lovely', 'excellent', 'comfortable', 'good', 'great', 'peaceful', 'welcoming'],
  bad: ['shabby', 'dreary', 'awful', 'noisy', 'bad', 'poor', 'gloomy', 'grubby'],
  aspects: [
    { noun: 'room', good: ['clean', 'spacious'], bad: ['cramped', 'stuffy'] },
    { noun: 'breakfast', good: ['generous', 'delicious'], bad: ['meagre', 'bland'] },
    { noun: 'beds', plural: true, good: ['soft', 'comfortable'], bad: ['lumpy', 'narrow'] },
    { noun: 'staff', good: ['helpful', 'polite'], bad: ['rude', 'careless'] },
  ],
  rivals: ['the ___ across the road', 'the ___ by the harbour', 'the cheaper ___'],
  beginning: 'to arrive',
  ending: 'to leave',
  asides: ['We stayed for two nights', 'We came by train', 'It has forty rooms', 'I booked it in March'],
}

const novel: Topic = {
  noun: 'novel',
  good: ['brilliant', 'gripping', 'wonderful', 'moving', 'good', 'great', 'lively', 'clever'],
  bad: ['dull', 'tedious', 'awful', 'shallow', 'bad', 'poor', 'boring', 'clumsy'],
  aspects: [
    { noun: 'style', good: ['elegant', 'lively'], bad: ['clumsy', 'wordy'] },
    { noun: 'plot', good: ['clever', 'gripping'], bad: ['predictable', 'muddled'] },
    { noun: 'characters', plural: true, good: ['convincing', 'vivid'], bad: ['flat', 'shallow'] },
    { noun: 'dialogue', good: ['witty', 'sharp'], bad: ['wooden', 'stiff'] },
  ],
  rivals: ['the ___ before', 'her first ___', 'the ___ that won the prize'],
  beginning: 'to open it',
  ending: 'to finish it',
  asides: ['I read it on the train', 'My aunt lent it to me', 'It has three parts', 'It came out in autumn'],
}

const concert: Topic = {
  noun: 'concert',
  good: ['brilliant', 'superb', 'wonderful', 'moving', 'good', 'great', 'lively', 'thrilling'],
  bad: ['dull', 'tedious', 'awful', 'lifeless', 'bad', 'poor', 'boring', 'dreary'],
  aspects: [
    { noun: 'singer', good: ['superb', 'graceful'], bad: ['hoarse', 'careless'] },
    { noun: 'sound', good: ['clear', 'rich'], bad: ['muddled', 'tinny'] },
    { noun: 'songs', plural: true, good: ['beautiful', 'haunting'], bad: ['bland', 'forgettable'] },
    { noun: 'band', good: ['lively', 'sharp'], bad: ['tired', 'sloppy'] },
  ],
  rivals: ['the ___ in June', 'the ___ in the park', 'the last ___'],
  beginning: 'when it began',
  ending: 'when it ended',
  asides: ['We sat in the third row', 'I went with a friend', 'It was on a Thursday', 'They played for an hour'],
}

/** Every topic. */
export const topics: readonly Topic[] = [film, cafe, phone, hotel, novel, concert]
