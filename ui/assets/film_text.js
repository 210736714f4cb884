// What is typed is sent a moment later, and kept in the browser until the server has it.
import { $, api, call, failed, film, inLine, key } from './film_base.js'
import { refresh } from './film_drawn.js'
import { Refused } from './talk.js'

const SOON = 500, AGAIN = 3000 // milliseconds
const timers = new Map()

export function typed(field) {
  localStorage.setItem(key(field), field.value)
  saved(film.dataset.saving)
  later(field, SOON)
}

export function later(field, wait) {
  clearTimeout(timers.get(field.id))
  timers.set(field.id, setTimeout(() => inLine(() => save(field)), wait))
}

export async function save(field, more) {
  clearTimeout(timers.get(field.id))
  const text = localStorage.getItem(key(field))
  if (text === null) return
  const scene = field.closest('[data-scene]')
  try {
    if (scene) await call('PATCH', `${api}/scenes/${scene.id}`, { prompt: text }, more)
    else await call('PATCH', api, { name: text }, more)
  } catch (error) {
    failed(error)
    if (!(error instanceof Refused)) later(field, AGAIN)
    return
  }
  if (localStorage.getItem(key(field)) === text) {
    localStorage.removeItem(key(field))
    saved(film.dataset.saved)
    await refresh()
  }
}

export const fields = () => [$('#name'), ...document.querySelectorAll('#scenes textarea')]
export const saveAll = () => inLine(async () => { for (const field of fields()) await save(field) })

function saved(words) {
  const place = $('#saved')
  if (place.textContent !== words) place.textContent = words
}
