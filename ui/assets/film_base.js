// The film of this page: where it is, calls to it one after the other, and what is said of them.
import * as talk from './talk.js'

export const $ = (selector, from = document) => from.querySelector(selector)
export const root = $('#top nav a').href // the app's own address, wherever it is mounted
export const film = $('#film') // none on the list of films
export const api = film ? `${root}v1/films/${film.dataset.film}` : `${root}v1/films`

// No answer overtakes a later one.
let line = Promise.resolve()
export const inLine = (work) => (line = line.then(work, work))

async function reached(answer) {
  try {
    const told = await answer
    $('#offline').hidden = true
    return told
  } catch (error) {
    $('#offline').hidden = error instanceof talk.Refused
    throw error
  }
}
export const ask = (...what) => reached(talk.ask(...what))
export const call = (...what) => reached(talk.call(...what))

export function trouble(sentence) {
  const box = $('#trouble')
  const again = box.textContent === sentence // of something that is tried by itself: nothing moves
  box.hidden = !sentence
  box.textContent = sentence
  if (sentence && !again) box.scrollIntoView({ block: 'nearest' })
}

// For whatever was thrown: a refusal is said; that nobody answered is to be seen already.
export function failed(error) {
  if (error instanceof talk.Refused) trouble(error.message)
  return null
}

export function say(sentence) {
  $('#said').textContent = sentence
}

// What is typed lies in the browser until the server has it.
export const key = (field) => `veo-studio.film.${film.dataset.film}.${field.id}`
export const unsent = (field) => localStorage.getItem(key(field)) !== null
