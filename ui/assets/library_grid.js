// The posters: sheets that come and go while one scrolls, moving by keys, selecting, previews.
import { counted, piece, status } from './library_talk.js'

const root = document.querySelector('#grid')
const form = document.querySelector('#find')
export const selected = new Set()
export const cards = () => [...root.querySelectorAll('.card:not([hidden])')]
export const cardOf = (id) => root.querySelector(`.card[data-id="${CSS.escape(id)}"]`)
export const current = () => root.querySelector('a[tabindex="0"]')?.closest('.card')

export function parameters() {
  const filled = [...new FormData(form)].filter(([, value]) => value)
  const usual = { state: 'kept', sort: 'newest' }
  return new URLSearchParams(filled.filter(([name, value]) => usual[name] !== value))
}

// Sheets. Far ones are emptied and keep their height; of each, its ids and its cursor stay.
const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (target.matches('.more-videos')) isIntersecting && more(target)
    else if (isIntersecting) fill(target)
    else drop(target)
  }
}, { rootMargin: '1500px 0px' })

function watch(node) {
  if (!node.matches('.sheet, .more-videos')) return
  if (node.matches('.sheet')) settle(node)
  near.observe(node)
}
function settle(sheet) {
  sheet.ids = [...sheet.children].map((card) => card.dataset.id)
  for (const card of sheet.children) mark(card)
  if (!current()) stop(cards()[0])
}
const address = (cursor) => {
  const query = parameters()
  if (cursor) query.set('cursor', cursor)
  return `library/cards?${query}`
}
async function more(link) {
  if (link.busy) return
  link.busy = true
  const next = new URL(link.href).searchParams.get('cursor')
  const found = await piece(address(next)).catch(() => null)
  link.busy = false
  if (!found || !link.isConnected) return
  near.unobserve(link)
  link.replaceWith(...found)
  found.forEach(watch)
}
async function fill(sheet) {
  if (sheet.children.length || sheet.busy) return
  sheet.busy = true
  const [fresh] = (await piece(address(sheet.dataset.cursor)).catch(() => null)) ?? []
  sheet.busy = false
  if (!fresh || !sheet.isConnected) return
  sheet.replaceChildren(...fresh.children)
  sheet.style.height = ''
  settle(sheet)
}
function drop(sheet) {
  if (!sheet.children.length || sheet.contains(document.activeElement)) return
  sheet.style.height = `${sheet.offsetHeight}px`
  sheet.replaceChildren()
}
document.addEventListener('back', () => {
  for (const sheet of root.children) {
    near.unobserve(sheet)
    near.observe(sheet)
  }
})

// Another search: everything anew.
let asking = new AbortController()
export async function refresh() {
  asking.abort()
  asking = new AbortController()
  root.setAttribute('aria-busy', 'true')
  const found = await piece(address(''), { signal: asking.signal }).catch(() => null)
  if (!found) return
  near.disconnect()
  root.replaceChildren(...found)
  root.setAttribute('aria-busy', 'false')
  found.forEach(watch)
  status(counted('found', Number(found[0]?.dataset.total ?? 0)))
}

// Moving: one card is in the order of Tab, the arrows choose which.
export function stop(card) {
  if (!card) return
  current()?.querySelector('a').setAttribute('tabindex', '-1')
  card.querySelector('a').setAttribute('tabindex', '0')
}
export function focus(card) {
  if (!card) return
  stop(card)
  card.querySelector('a').focus()
  card.scrollIntoView({ block: 'nearest' })
}
const middle = ({ left, right }) => (left + right) / 2
export function move(key) {
  const all = cards()
  const at = all.indexOf(current())
  if (key === 'ArrowLeft' || key === 'ArrowRight') return focus(all[at + (key === 'ArrowRight' ? 1 : -1)])
  if (key === 'Home' || key === 'End') return focus(all.at(key === 'Home' ? 0 : -1))
  const here = all[at].getBoundingClientRect()
  const way = key === 'ArrowDown' ? 1 : -1
  const beyond = all.map((card) => [card, card.getBoundingClientRect()]).filter(([, box]) => (box.top - here.top) * way > 4)
  const row = Math.min(...beyond.map(([, box]) => Math.abs(box.top - here.top)))
  const there = beyond.filter(([, box]) => Math.abs(box.top - here.top) < row + 4)
  there.sort(([, a], [, b]) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)))
  return focus(there[0]?.[0])
}

// Selecting
let anchor = null
const mark = (card) => {
  const on = selected.has(card.dataset.id)
  card.classList.toggle('picked', on)
  card.querySelector('.pick input').checked = on
}
export function pick(id, on, upTo = false) {
  const order = [...root.querySelectorAll('.sheet')].flatMap((sheet) => sheet.ids)
  const [from, to] = [order.indexOf(anchor), order.indexOf(id)].sort((a, b) => a - b)
  for (const each of upTo && from >= 0 ? order.slice(from, to + 1) : [id]) {
    if (on) selected.add(each)
    else selected.delete(each)
  }
  anchor = id
  selection()
}
export function selection() {
  cards().forEach(mark)
  root.classList.toggle('picking', selected.size > 0)
  document.dispatchEvent(new Event('selection'))
}
root.addEventListener('click', (event) => {
  const card = event.target.closest('.card')
  if (card && event.target.matches('.pick input')) pick(card.dataset.id, event.target.checked, event.shiftKey)
  else if (card && event.shiftKey && event.target.closest('a')) {
    event.preventDefault()
    pick(card.dataset.id, true, true)
  }
})
root.addEventListener('focusin', ({ target }) => stop(target.closest('.card')))

// Previews: the player is there only while one looks at it.
const still = matchMedia('(prefers-reduced-motion: reduce)')
let wish = 0
function preview(card, after) {
  unpreview()
  if (!card?.dataset.plays || still.matches) return
  wish = setTimeout(() => {
    const video = Object.assign(document.createElement('video'), { muted: true, loop: true, playsInline: true, className: 'preview' })
    video.src = `v1/videos/${card.dataset.id}/content`
    video.addEventListener('playing', () => video.classList.add('on'))
    card.querySelector('a').append(video)
    video.play().catch(() => {})
  }, after)
}
function unpreview() {
  clearTimeout(wish)
  for (const video of root.querySelectorAll('.preview')) {
    video.pause()
    video.removeAttribute('src')
    video.load()
    video.remove()
  }
}
root.addEventListener('pointerover', ({ target, pointerType }) => {
  const card = target.closest('.card')
  if (pointerType === 'mouse' && card && !card.querySelector('.preview')) preview(card, 180)
})
root.addEventListener('pointerout', (event) => {
  if (!event.target.closest('.card')?.contains(event.relatedTarget)) unpreview()
})
root.addEventListener('focusin', ({ target }) => target.matches('a:focus-visible') && preview(target.closest('.card'), 400))
root.addEventListener('focusout', unpreview)
root.addEventListener('click', ({ target }) => target.closest('a') && unpreview()) // what opens plays there alone
root.addEventListener('error', ({ target }) => target.matches('img') && target.closest('.card')?.classList.add('bare'), true)

// What was deleted is out of sight at once, and back as fast.
export function hide(ids, hidden) {
  for (const id of ids) {
    const card = cardOf(id)
    if (!card) continue
    if (hidden && card === current()) stop(cards().find((other) => !ids.includes(other.dataset.id)))
    card.hidden = hidden
  }
}

// After a change: how many there are now, and what can be filtered.
export async function recount() {
  const fresh = document.createElement('div')
  fresh.append(...(await piece(location.href).catch(() => null)) ?? [])
  for (const place of ['#status', '#find .chips', '#find [name=state]']) {
    const here = document.querySelector(place)
    const now = fresh.querySelector(place)
    if (now && !here.contains(document.activeElement)) here.replaceChildren(...now.childNodes)
  }
}

;[...root.children].forEach(watch)
