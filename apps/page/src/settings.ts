// What can be chosen, in the form or in the address: `?place=page&backend=cpu&epochs=2&start`.

/** What may compute. */
export const BACKENDS = ['wasm', 'cpu', 'webgpu'] as const

/** The choices of a training. */
export interface Settings {
  readonly backend: (typeof BACKENDS)[number]
  readonly place: 'worker' | 'page'
  readonly threads: number
  readonly epochs: number
}

/** Puts the choices of the address into the form. */
export function fillForm(form: HTMLFormElement, address: URLSearchParams): void {
  for (const [name, value] of address) {
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value
  }
}

/** What the form says. */
export function readForm(form: HTMLFormElement): Settings {
  const data = new FormData(form)
  return {
    backend: BACKENDS.find((name) => name === data.get('backend')) ?? 'wasm',
    place: data.get('place') === 'page' ? 'page' : 'worker',
    threads: Number(data.get('threads')),
    epochs: Number(data.get('epochs')),
  }
}
