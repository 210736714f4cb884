// The Storyboard put together: every button names its act, every act is a call of /v1/films.
import { $, api, call, failed, film, inLine, key, root, unsent } from './film_base.js'
import { act, refresh, remember, watch } from './film_drawn.js'
import { dragging, move } from './film_order.js'
import { addPicture, dropping, removePicture } from './film_pictures.js'
import { fields, later, save, saveAll, typed } from './film_text.js'
import { takeBack, tell } from './toast.js'

// What is made, and paid, is the text that is to be seen.
async function run(what) {
  if (await saveAll()) await act('POST', `${api}/run`, what)
}

// A new film is opened, of one that is gone the list.
async function leave(method, body) {
  const told = await inLine(() => call(method, api, body)).catch(failed)
  if (told) location.href = `${root}storyboard${method === 'POST' ? `/${told.id}` : ''}`
}

const acts = {
  create: () => leave('POST', {}),
  async add() {
    const told = await act('POST', `${api}/scenes`, {})
    if (told) $(`#prompt-${told.scenes.at(-1).id}`)?.focus()
  },
  earlier: (button, scene) => move(scene, [...$('#scenes').children].indexOf(scene) - 1),
  later: (button, scene) => move(scene, [...$('#scenes').children].indexOf(scene) + 1),
  async remove(button, scene) {
    const text = $('textarea', scene)
    const beside = scene.nextElementSibling || scene.previousElementSibling
    await inLine(() => save(text)) // it may come back
    if (!(await act('DELETE', `${api}/scenes/${scene.id}`))) return
    localStorage.removeItem(key(text))
    ;(beside ? $('textarea', beside) : $('.add')).focus()
    const said = (words) => words.replace('{n}', text.dataset.number)
    tell(said(film.dataset.removed), async () => {
      if (!(await act('POST', `${api}/scenes/${scene.id}/restore`))) return
      $(`#${text.id}`).focus()
      tell(said(film.dataset.restored))
    })
  },
  undo: takeBack,
  unpicture: removePicture,
  run: (button, scene) => run({ scene: scene.id, video: button.dataset.video || null }),
  'run-all': () => run({}),
  stop: (button, scene) => act('DELETE', `${api}/run?scene=${scene.id}`),
  'stop-all': () => act('DELETE', `${api}/run`),
  stitch: () => act('POST', `${api}/stitch`),
  unstitch: () => act('DELETE', `${api}/stitch`),
  delete: () => leave('DELETE'),
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act], .sketch[data-act]')
  if (!button || button.disabled || button.getAttribute('aria-disabled') === 'true') return
  if (button.dataset.act.startsWith('run')) button.disabled = true // a second press would be another
  Promise.resolve(acts[button.dataset.act](button, button.closest('[data-scene]'))).then(() => { button.disabled = false })
})

document.addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = event.target
  if (!form.elements.script) return
  const script = { script: form.elements.script.value }
  if (!film) return leave('POST', script)
  if (await saveAll() && await act('POST', `${api}/script`, script)) form.closest('details').open = false
})

if (film) {
  for (const field of fields()) if (unsent(field)) { field.value = localStorage.getItem(key(field)); later(field, 0) }
  remember(document)
  film.addEventListener('input', (event) => {
    if (event.target.matches('#name, #scenes textarea')) typed(event.target)
  })
  film.addEventListener('change', (event) => {
    const box = event.target
    const scene = box.closest('[data-scene]')
    if (box.type === 'file') { if (box.files.length) addPicture(box) }
    else if (scene && box.matches('select')) {
      const value = box.name === 'duration' ? Number(box.value) : box.value
      act('PATCH', `${api}/scenes/${scene.id}`, { [box.name]: value })
    } else if (box.matches('#settings select')) {
      const value = { fade: Number, generate_audio: (text) => text === 'true' }[box.name] || String
      act('PATCH', api, { [box.name]: value(box.value) })
    }
  })
  dragging($('#scenes'))
  dropping()
  const texts = fields().slice(1)
  if (texts.every((one) => !one.value)) texts[0]?.focus()
  addEventListener('pagehide', () => { for (const field of fields()) save(field, { keepalive: true }) })
  addEventListener('online', () => inLine(refresh))
  document.addEventListener('visibilitychange', () => { if (!document.hidden) inLine(refresh) })
  watch()
}
