// The film as the server draws it: what it draws differently is put in place, and nothing else moves.
import { $, api, ask, call, failed, film, inLine, trouble, unsent } from './film_base.js'
import { elements } from './talk.js'

const WATCH = 1500, AGAIN = 3000 // milliseconds, while it is busy and while it is away
const drawn = new Map() // what the server drew last, by id: a playing video is no difference
export const remember = (where) => {
  for (const part of where.querySelectorAll('[data-live]')) drawn.set(part.id, part.outerHTML)
}

// A change, and what came of it; null where it was refused, and said, or nobody answered.
export function act(method, path, body) {
  trouble('')
  return inLine(async () => {
    const told = await call(method, path, body).catch(failed)
    if (!told) drawBack()
    await refresh()
    return told
  })
}

export async function refresh() {
  if (!film) return
  const answer = await ask(location.href).catch(() => null)
  const html = answer?.ok && await answer.text().catch(() => '')
  const fresh = html && elements(html).find((one) => one.id === 'film')
  if (fresh) merge(fresh)
  else $('#offline').hidden = false
  watch()
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
      remember(mine)
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
}

function put(part) {
  const here = document.getElementById(part.id)
  if (!here || drawn.get(part.id) === part.outerHTML) return
  drawn.set(part.id, part.outerHTML)
  draw(here, part)
}

// What was chosen and not taken must not be shown as if it were; no playing video begins anew.
function drawBack() {
  for (const here of document.querySelectorAll('[data-live]:not(:has(video))')) {
    draw(here, elements(drawn.get(here.id))[0])
  }
}

function draw(here, part) {
  const inside = here.contains(document.activeElement) ? path(document.activeElement) : null
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
let begun = 0 // a call that was lost is made again, but not at once
export function watch() {
  clearTimeout(watching)
  if (!$('#offline').hidden) {
    watching = setTimeout(() => inLine(refresh), AGAIN)
    return
  }
  const next = $('#next')
  const auto = $('[data-auto]', next)
  if (auto && Date.now() - begun > AGAIN) {
    begun = Date.now()
    auto.disabled = true
    act('POST', `${api}/stitch`)
  } else if (auto || next.dataset.busy === 'true') {
    watching = setTimeout(() => inLine(refresh), document.hidden ? 4 * WATCH : WATCH)
  }
  document.title = $('.jobs', next).dataset.title
}
