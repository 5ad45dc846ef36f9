// The page: reads the form, makes the backend, trains, and shows how it goes.

import type { Backend } from '@rnn/core'
import type { Sequential } from '@rnn/layers'
import { makeBackend } from './backend.ts'
import { makeCorpus, VERDICTS } from './corpus.ts'
import { watchResponsiveness, type Responsiveness } from './responsiveness.ts'
import { fillForm, readForm, type Settings } from './settings.ts'
import { judge, makeModel, train } from './training.ts'
import { element, View } from './view.ts'

const view = new View()
const address = new URLSearchParams(location.search)
const corpus = makeCorpus(Number(address.get('reviews') ?? 1600))
const settingsForm = element('settings', HTMLFormElement)
const trialForm = element('trial', HTMLFormElement)
const startButton = element('start', HTMLButtonElement)
const stopButton = element('stop', HTMLButtonElement)

/** What is there once a training has ended. */
let trained: { readonly backend: Backend; readonly model: Sequential } | undefined

async function run(settings: Settings): Promise<void> {
  const stop = new AbortController()
  const end = (): void => stop.abort()
  stopButton.addEventListener('click', end)
  startButton.disabled = true
  stopButton.disabled = false
  trialForm.hidden = true
  view.reset()
  try {
    await trained?.backend.dispose()
    trained = undefined
    view.state('starting', 'Starting …')
    const backend = await makeBackend(settings)
    showDevice(backend)
    try {
      const model = await makeModel(backend, corpus)
      await trainAndShow(model, settings, stop.signal)
      trained = { backend, model }
    } catch (error) {
      await backend.dispose()
      throw error
    }
    trialForm.hidden = false
    await showVerdict()
  } catch (error) {
    showError(error)
  } finally {
    stopButton.removeEventListener('click', end)
    startButton.disabled = false
    stopButton.disabled = true
  }
}

async function trainAndShow(model: Sequential, { epochs }: Settings, signal: AbortSignal): Promise<void> {
  view.state('training', 'Training …')
  const watch = watchResponsiveness()
  let shown = -Infinity
  try {
    const history = await train(model, corpus, {
      epochs,
      signal,
      onBatch({ epoch, batch, batches, step, loss, samplesPerSecond, secondsLeft }) {
        view.addLoss(loss, step)
        // Sixty pictures a second are too many for the eye, and each costs a layout.
        const now = performance.now()
        if (now - shown < 100) return
        shown = now
        const steps = epochs * batches
        view.state(
          'training',
          `Epoch ${epoch} of ${epochs}, batch ${batch} of ${batches}; ${secondsLeft.toFixed(0)} s left`,
        )
        view.progress(step / steps)
        view.drawCurve(steps)
        view.figure('speed', samplesPerSecond.toFixed(0))
        showResponsiveness(watch.now())
      },
      onEpoch({ validation }) {
        view.figure('accuracy', percent(validation?.metrics['accuracy']))
      },
    })
    if (!history.aborted) view.progress(1)
    view.drawCurve(epochs * corpus.training.batchCount)
    view.state(history.aborted ? 'stopped' : 'done', history.aborted ? 'Stopped.' : 'Trained.')
    element('figures', HTMLElement).dataset['history'] = JSON.stringify(history.rows)
  } finally {
    showResponsiveness(watch.end())
  }
}

function showDevice({ name, info }: Backend): void {
  const threads = info.threads === 1 ? 'one thread' : `${info.threads} threads`
  view.figure('device', `${name}: ${info.device}, ${info.software ? 'a GPU imitated in software' : threads}`)
}

/** The longest time for which the page could not answer: a task of its own, or others that had the processor. */
function showResponsiveness(seen: Responsiveness): void {
  const longest = Math.max(seen.longestGap, ...seen.longTasks)
  view.figure('longest', `${longest.toFixed(0)} ms`)
  element('longest', HTMLElement).dataset['seen'] = JSON.stringify(seen)
}

function showError(error: unknown): void {
  view.error(error instanceof Error ? error.message : String(error))
}

function percent(share: unknown): string {
  return typeof share === 'number' ? `${(100 * share).toFixed(1)} %` : '–'
}

async function showVerdict(): Promise<void> {
  if (trained === undefined) return
  const text = String(new FormData(trialForm).get('text'))
  const chances = await judge(trained.model, corpus, text)
  const best = chances?.indexOf(Math.max(...chances))
  view.figure('verdict', best === undefined ? '' : `${VERDICTS[best]} (${percent(chances?.[best])})`)
}

settingsForm.addEventListener('submit', (event) => {
  event.preventDefault()
  void run(readForm(settingsForm))
})
trialForm.addEventListener('input', () => {
  showVerdict().catch(showError)
})
trialForm.addEventListener('submit', (event) => event.preventDefault())

fillForm(settingsForm, address)
if (address.has('start')) settingsForm.requestSubmit()
