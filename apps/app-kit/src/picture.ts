/** Pictures as SVG text, drawn by Vega-Lite: a description of the data and of what they look like goes in. */

import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

export type { TopLevelSpec as PictureSpec } from 'vega-lite'

/** Draws a picture. */
export async function drawSvg(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
