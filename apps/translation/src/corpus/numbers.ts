/** Numbers from 2 to 99 in words. */

const englishUnits =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const englishTens = '- - twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')

/** `twenty-one`. */
export function englishNumber(number: number): string {
  if (number < 20) return englishUnits[number] as string
  const unit = number % 10
  const tens = englishTens[Math.floor(number / 10)] as string
  return unit === 0 ? tens : `${tens}-${englishUnits[unit]}`
}

const frenchUnits =
  'zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf'.split(
    ' ',
  )
const frenchTens = '- - vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt'.split(' ')

/** `vingt et une`, `soixante et onze`, `quatre-vingts`, `quatre-vingt-un`: only what ends in one has a gender. */
export function frenchNumber(number: number, feminine: boolean): string {
  const words = masculineFrench(number)
  return feminine && number % 10 === 1 && words.endsWith('un') ? `${words}e` : words
}

function masculineFrench(number: number): string {
  if (number < 20) return frenchUnits[number] as string
  const ten = Math.floor(number / 10)
  const tens = frenchTens[ten] as string
  // Seventy and ninety count on from sixty and eighty.
  const rest = ten === 7 || ten === 9 ? 10 + (number % 10) : number % 10
  if (rest === 0) return ten === 8 ? `${tens}s` : tens
  const joint = rest % 10 === 1 && ten < 8 ? ' et ' : '-'
  return `${tens}${joint}${frenchUnits[rest]}`
}
