// Pictures of a scene: chosen, dropped, taken away.
import { $, api } from './film_base.js'
import { act } from './film_drawn.js'

export async function addPicture(input) {
  const scene = input.closest('[data-scene]').id
  const field = input.dataset.field
  const form = new FormData()
  if (field === 'reference_images') {
    for (const one of input.closest('.slots').querySelectorAll('.filled')) form.append(`${field}[]`, one.dataset.name)
    form.append(`${field}[]`, input.files[0])
  } else form.append(field, input.files[0])
  const slot = input.closest('.slot')
  slot.classList.add('busy')
  await act('PATCH', `${api}/scenes/${scene}`, form)
  slot.classList.remove('busy')
  input.value = ''
}

export function removePicture(button) {
  const scene = button.closest('[data-scene]').id
  const field = button.dataset.field
  const all = [...button.closest('.slots').querySelectorAll('.filled')]
  const left = all.filter((one) => !one.contains(button)).map((one) => one.dataset.name)
  return act('PATCH', `${api}/scenes/${scene}`, { [field]: field === 'reference_images' ? left : null })
}

// A picture dropped onto a scene is taken as if it had been chosen; no drop leaves the page.
export function dropping() {
  const slot = (on) => on.closest('label.slot') || $('label.slot', on.closest('[data-scene]') || document.createElement('i'))
  for (const type of ['dragover', 'drop']) {
    document.addEventListener(type, (event) => {
      if (!event.dataTransfer.types.includes('Files')) return
      event.preventDefault()
      const input = type === 'drop' && slot(event.target)?.querySelector('input')
      if (!input) return
      input.files = event.dataTransfer.files
      addPicture(input)
    })
  }
}
