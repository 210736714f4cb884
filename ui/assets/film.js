// The Storyboard: every action is a call of /v1/films, then what the server draws differently is
// put in place. What is typed is kept in the browser until the server has it.
const $ = (selector, from = document) => from.querySelector(selector)
const root = $('#top nav a').href // the app's own address, wherever it is mounted
const film = $('#film')
const api = film ? `${root}v1/films/${film.dataset.film}` : `${root}v1/films`
const drawn = new Map() // what the server drew last, by id: a playing video is no difference
const SOON = 500, AGAIN = 3000, WATCH = 1500

// Calls: one after the other, so that no answer overtakes a later one

let line = Promise.resolve()
const inLine = (work) => (line = line.then(work, work))

class Refused extends Error {}

async function call(method, path, body) {
  const form = body instanceof FormData
  const headers = body && !form ? { 'Content-Type': 'application/json' } : {}
  const sent = form || !body ? body : JSON.stringify(body)
  let answer
  try {
    answer = await fetch(path, { method, headers, body: sent, keepalive: !form })
  } catch (error) {
    away(true)
    throw error
  }
  if (answer.status === 502 || answer.status === 504) { away(true); throw new TypeError('away') }
  away(false)
  const told = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Refused(told.error ? told.error.message : answer.statusText)
  return told
}

function away(gone) {
  $('#offline').hidden = !gone
}

function trouble(sentence) {
  const box = $('#trouble')
  box.hidden = !sentence
  box.textContent = sentence
  if (sentence) box.scrollIntoView({ block: 'nearest' })
}

function say(sentence) {
  $('#said').textContent = sentence
}

function act(method, path, body) {
  trouble('')
  return inLine(async () => {
    try {
      const told = await call(method, path, body)
      await refresh()
      return told
    } catch (error) {
      if (error instanceof Refused) trouble(error.message)
      await refresh()
      return null
    }
  })
}

// What the server draws

async function refresh() {
  if (!film) return
  let text
  try {
    const answer = await fetch(location.href)
    if (!answer.ok) throw new TypeError('away')
    text = await answer.text()
  } catch (error) {
    away(true)
    watch()
    return
  }
  away(false)
  const fresh = $('#film', new DOMParser().parseFromString(text, 'text/html'))
  if (fresh) merge(fresh)
}

function merge(fresh) {
  const place = document.activeElement && document.activeElement.id
  const scenes = $('#scenes')
  const wanted = [...$('#scenes', fresh).children]
  for (const gone of [...scenes.children]) if (!wanted.some((one) => one.id === gone.id)) gone.remove()
  wanted.forEach((one, n) => {
    let mine = document.getElementById(one.id)
    if (!mine) {
      mine = document.importNode(one, true)
      for (const part of mine.querySelectorAll('[data-live]')) drawn.set(part.id, part.outerHTML)
    }
    if (scenes.children[n] !== mine) scenes.insertBefore(mine, scenes.children[n] || null)
    keepText($('textarea', mine), $('textarea', one))
  })
  for (const part of fresh.querySelectorAll('[data-live]')) put(part)
  const name = $('#name')
  if (document.activeElement !== name && !unsent(name)) name.value = $('#name', fresh).value
  if (place && document.activeElement === document.body) {
    const again = document.getElementById(place)
    if (again) again.focus({ preventScroll: true })
  }
  watch()
}

function put(part) {
  const here = document.getElementById(part.id)
  if (!here || drawn.get(part.id) === part.outerHTML) return
  const inside = here.contains(document.activeElement) ? path(document.activeElement) : null
  drawn.set(part.id, part.outerHTML)
  const fresh = document.importNode(part, true)
  here.replaceWith(fresh)
  if (inside) ($(inside, fresh) || $('button, select, input', fresh))?.focus({ preventScroll: true })
}

// The same control in a part that was drawn anew
function path(one) {
  if (one.id) return `#${one.id}`
  if (one.dataset.act) return `[data-act="${one.dataset.act}"]`
  return one.name ? `[name="${one.name}"]` : one.tagName
}

function keepText(mine, fresh) {
  mine.dataset.number = fresh.dataset.number
  mine.setAttribute('aria-label', fresh.getAttribute('aria-label'))
  mine.placeholder = fresh.placeholder
  if (document.activeElement !== mine && !unsent(mine)) mine.value = fresh.value
}

let watching
function watch() {
  clearTimeout(watching)
  if (!$('#offline').hidden) {
    watching = setTimeout(() => inLine(refresh), AGAIN)
    return
  }
  const next = $('#next')
  const auto = $('[data-auto]', next)
  if (auto && !auto.disabled) {
    auto.disabled = true
    act('POST', `${api}/stitch`)
  } else if (next.dataset.busy === 'true') {
    watching = setTimeout(() => inLine(refresh), document.hidden ? 4 * WATCH : WATCH)
  }
  document.title = $('.jobs', next).dataset.title
}

// What is typed

const key = (field) => `veo-studio.film.${film.dataset.film}.${field.id}`
const unsent = (field) => localStorage.getItem(key(field)) !== null
const timers = new Map()

function typed(field) {
  localStorage.setItem(key(field), field.value)
  saved(film.dataset.saving)
  later(field, SOON)
}

function later(field, wait) {
  clearTimeout(timers.get(field.id))
  timers.set(field.id, setTimeout(() => inLine(() => save(field)), wait))
}

async function save(field) {
  clearTimeout(timers.get(field.id))
  const text = localStorage.getItem(key(field))
  if (text === null) return
  const scene = field.closest('[data-scene]')
  try {
    if (scene) await call('PATCH', `${api}/scenes/${scene.id}`, { prompt: text })
    else await call('PATCH', api, { name: text })
  } catch (error) {
    if (error instanceof Refused) trouble(error.message)
    else later(field, AGAIN)
    return
  }
  if (localStorage.getItem(key(field)) === text) {
    localStorage.removeItem(key(field))
    saved(film.dataset.saved)
    await refresh()
  }
}

const fields = () => [$('#name'), ...document.querySelectorAll('#scenes textarea')]
const saveAll = () => inLine(async () => { for (const field of fields()) await save(field) })

function saved(words) {
  const place = $('#saved')
  if (place.textContent !== words) place.textContent = words
}

// Pictures

async function addPicture(input) {
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

function removePicture(button) {
  const scene = button.closest('[data-scene]').id
  const field = button.dataset.field
  const all = [...button.closest('.slots').querySelectorAll('.filled')]
  const left = all.filter((one) => !one.contains(button)).map((one) => one.dataset.name)
  return act('PATCH', `${api}/scenes/${scene}`, { [field]: field === 'reference_images' ? left : null })
}

// Order

async function move(scene, to) {
  const list = [...$('#scenes').children]
  const from = list.indexOf(scene)
  if (to < 0 || to >= list.length || to === from) return
  await act('PATCH', `${api}/scenes/${scene.id}`, { position: to })
  say(film.dataset.moved.replace('{n}', from + 1).replace('{place}', to + 1))
}

function dragging(list) {
  let held = null
  list.addEventListener('dragstart', (event) => {
    held = event.target.closest('.grip') && event.target.closest('[data-scene]')
    if (!held) return
    event.dataTransfer.effectAllowed = 'move'
    event.dataTransfer.setData('text/plain', '')
    event.dataTransfer.setDragImage(held, 16, 16)
    held.classList.add('held')
  })
  list.addEventListener('dragover', (event) => {
    if (!held) return
    event.preventDefault()
    const over = event.target.closest('[data-scene]')
    for (const one of list.children) one.classList.toggle('over', one === over && one !== held)
  })
  list.addEventListener('drop', (event) => {
    event.preventDefault()
    const over = event.target.closest('[data-scene]')
    if (held && over) move(held, [...list.children].indexOf(over))
  })
  list.addEventListener('dragend', () => {
    for (const one of list.children) one.classList.remove('held', 'over')
    held = null
  })
  // A picture dropped onto a scene is taken as if it had been chosen; no drop leaves the page.
  const slot = (on) => on.closest('label.slot') || $('label.slot', on.closest('[data-scene]') || document.createElement('i'))
  for (const type of ['dragover', 'drop']) {
    document.addEventListener(type, (event) => {
      if (held || !event.dataTransfer.types.includes('Files')) return
      event.preventDefault()
      const input = type === 'drop' && slot(event.target)?.querySelector('input')
      if (!input) return
      input.files = event.dataTransfer.files
      addPicture(input)
    })
  }
}

// Acts by their name

const acts = {
  async create() {
    const told = await inLine(() => call('POST', api, {})).catch((error) => trouble(error.message))
    if (told) location.href = `${root}storyboard/${told.id}`
  },
  async add() {
    const told = await act('POST', `${api}/scenes`, {})
    if (told) $(`#prompt-${told.scenes.at(-1).id}`)?.focus()
  },
  earlier: (button, scene) => move(scene, [...$('#scenes').children].indexOf(scene) - 1),
  later: (button, scene) => move(scene, [...$('#scenes').children].indexOf(scene) + 1),
  async remove(button, scene) {
    if ($('textarea', scene).value.trim() && !confirm(film.dataset.sure)) return
    const beside = scene.nextElementSibling || scene.previousElementSibling
    localStorage.removeItem(key($('textarea', scene)))
    if (!(await act('DELETE', `${api}/scenes/${scene.id}`))) return
    say(film.dataset.removed)
    ;(beside ? $('textarea', beside) : $('.add')).focus()
  },
  unpicture: removePicture,
  run: (button, scene) => (saveAll(), act('POST', `${api}/run`, { scene: scene.id })),
  'run-all': () => (saveAll(), act('POST', `${api}/run`, {})),
  stop: (button, scene) => act('DELETE', `${api}/run?scene=${scene.id}`),
  'stop-all': () => act('DELETE', `${api}/run`),
  stitch: () => act('POST', `${api}/stitch`),
  unstitch: () => act('DELETE', `${api}/stitch`),
  async delete() {
    const told = await inLine(() => call('DELETE', api)).catch((error) => trouble(error.message))
    if (told) location.href = `${root}storyboard`
  },
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
  const script = form.elements.script
  if (!script) return
  if (film) {
    await saveAll()
    if (await act('POST', `${api}/script`, { script: script.value })) form.closest('details').open = false
    return
  }
  const told = await inLine(() => call('POST', api, { script: script.value })).catch((error) => trouble(error.message))
  if (told) location.href = `${root}storyboard/${told.id}`
})

if (film) {
  for (const field of fields()) if (unsent(field)) { field.value = localStorage.getItem(key(field)); later(field, 0) }
  for (const part of document.querySelectorAll('[data-live]')) drawn.set(part.id, part.outerHTML)
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
  const texts = fields().slice(1)
  if (texts.every((one) => !one.value)) texts[0]?.focus()
  addEventListener('pagehide', () => { for (const field of fields()) save(field) })
  addEventListener('online', () => inLine(refresh))
  document.addEventListener('visibilitychange', () => { if (!document.hidden) watch() })
  watch()
}
