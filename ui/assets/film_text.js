// What is typed is sent a moment later, and kept in the browser until the server has it.
import { $, api, call, failed, film, inLine, key } from './film_base.js'
import { refresh } from './film_drawn.js'
import { Refused } from './talk.js'

const SOON = 500, AGAIN = 3000, LATER = 15000 // milliseconds; a refusal may last
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

// Whether the server has it.
export async function save(field, more) {
  clearTimeout(timers.get(field.id))
  const text = localStorage.getItem(key(field))
  if (text === null) return true
  const scene = field.closest('[data-scene]')
  try {
    if (scene) await call('PATCH', `${api}/scenes/${scene.id}`, { prompt: text }, more)
    else await call('PATCH', api, { name: text }, more)
  } catch (error) {
    failed(error)
    if (field.isConnected) later(field, error instanceof Refused ? LATER : AGAIN)
    return false
  }
  if (localStorage.getItem(key(field)) === text) {
    localStorage.removeItem(key(field))
    saved(film.dataset.saved)
    await refresh()
  }
  return true
}

export const fields = () => [$('#name'), ...document.querySelectorAll('#scenes textarea')]
export const saveAll = () => inLine(async () => {
  let all = true
  for (const field of fields()) if (!(await save(field))) all = false
  return all
})

function saved(words) {
  const place = $('#saved')
  if (place.textContent !== words) place.textContent = words
}
