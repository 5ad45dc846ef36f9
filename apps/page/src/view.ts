// The page as the training sees it: places for numbers, words and a curve.

/** An element of the page, by its id. @throws when the page has none, or another kind */
export function element<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`)
  return found
}

/** What the page is doing; tests and styles read it as `data-state` of the body. */
export type State = 'idle' | 'starting' | 'training' | 'done' | 'stopped' | 'failed'

const WIDTH = 600
const HEIGHT = 140

/** Writes into the page. */
export class View {
  readonly #status: HTMLElement = element('status', HTMLElement)
  readonly #error: HTMLElement = element('error', HTMLElement)
  readonly #progress: HTMLProgressElement = element('progress', HTMLProgressElement)
  readonly #line: SVGPolylineElement = document.querySelector<SVGPolylineElement>('#curve polyline')!
  readonly #losses: { readonly loss: number; readonly step: number }[] = []

  /** Back to an empty page. */
  reset(): void {
    this.#losses.length = 0
    this.#line.setAttribute('points', '')
    this.#progress.value = 0
    this.#error.hidden = true
    for (const id of ['loss', 'accuracy', 'speed', 'longest']) this.figure(id, '–')
    this.figure('device', '')
  }

  state(state: State, words: string): void {
    document.body.dataset['state'] = state
    this.#status.textContent = words
  }

  error(message: string): void {
    this.#error.textContent = message
    this.#error.hidden = false
    this.state('failed', 'Ended with an error.')
  }

  figure(id: string, words: string): void {
    element(id, HTMLElement).textContent = words
  }

  /** @param done 0 … 1 */
  progress(done: number): void {
    this.#progress.value = done
  }

  /** Adds a point to the curve; `drawCurve` shows it. */
  addLoss(loss: number | undefined, step: number): void {
    // Some steps pass before the next loss is read.
    if (loss !== undefined && loss !== this.#losses.at(-1)?.loss) this.#losses.push({ loss, step })
  }

  /** @param steps the width of the curve */
  drawCurve(steps: number): void {
    const points = this.#losses
    const top = points.reduce((top, { loss }) => Math.max(top, loss), 0)
    this.figure('loss', points.at(-1)?.loss.toPrecision(3) ?? '–')
    const places = points.map(({ loss, step }) => `${((step * WIDTH) / steps).toFixed(1)},${y(loss / top)}`)
    this.#line.setAttribute('points', places.join(' '))
  }
}

/** 0 lies at the foot of the curve, 1 near its top. */
function y(share: number): string {
  return ((1 - share) * (HEIGHT - 8) + 6).toFixed(1)
}
