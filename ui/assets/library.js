// The library put together: search, the bar for what is selected, keys, dropped files.
import { fill, follow, load, open, whenDeleting } from './library_details.js'
import { cardOf, current, focus, hide, move, parameters, pick, recount, refresh, selected, selection } from './library_grid.js'
import { act, counted, say } from './library_talk.js'
import { takeBack, tell } from './toast.js'

const MOST = 500
const form = document.querySelector('#find')
const bar = document.querySelector('#bar')
const tagging = document.querySelector('#tagging')
const part = (name) => bar.querySelector(`[data-act=${name}]`)

// Search: the address follows, so that reload and sharing work.
let typing = 0
function look() {
  const query = parameters()
  history.replaceState(history.state, '', query.size ? `library?${query}` : 'library')
  document.querySelector('#find .clear').hidden = !query.size
  refresh()
}
form.addEventListener('input', ({ target }) => {
  if (target.type === 'file') return
  clearTimeout(typing)
  typing = setTimeout(look, target.name === 'q' ? 180 : 0)
})
form.addEventListener('submit', (event) => {
  event.preventDefault()
  clearTimeout(typing)
  look()
})
form.elements.state.addEventListener('change', () => location.assign(`library?${parameters()}`)) // other actions
document.querySelector('#find .clear').hidden = !parameters().size

document.addEventListener('back', () => document.querySelector('#grid[aria-busy=true]') && refresh())

// What is selected
document.addEventListener('selection', () => {
  const n = selected.size
  bar.hidden = !n
  document.body.classList.toggle('with-bar', n > 0)
  document.querySelector('#selected').textContent = say('selected', { n })
  if (part('compare')) part('compare').disabled = n < 2 || n > 4
  if (part('zip')) part('zip').href = `v1/library.zip?ids=${[...selected].slice(0, MOST)}`
  if (!n) tagging.hidden = true
})
const chosen = () => (selected.size ? [...selected] : [current()?.dataset.id].filter(Boolean))

async function change(ids, action, more = {}) {
  const done = []
  for (let at = 0; at < ids.length; at += MOST) {
    const answer = await act('POST', 'v1/library', { ids: ids.slice(at, at + MOST), action, ...more })
    if (!answer) return null
    done.push(...answer.ids)
  }
  return done
}
function clear() {
  selected.clear()
  selection()
}
async function remove(ids) {
  hide(ids, true)
  const done = await change(ids, 'delete')
  if (!done) return hide(ids, false)
  clear()
  recount()
  if (document.activeElement === document.body) focus(current())
  return tell(counted('deleted', done.length), async () => {
    if (!(await change(done, 'restore'))) return
    hide(done, false)
    recount()
    focus(cardOf(done[0]))
    tell(say('restored'))
  })
}
async function star(ids) {
  const on = ids.some((id) => !cardOf(id)?.classList.contains('starred'))
  if (!(await change(ids, on ? 'star' : 'unstar'))) return
  for (const id of ids) cardOf(id)?.classList.toggle('starred', on)
  tell(say(on ? 'starred' : 'unstarred'))
}
whenDeleting(remove)

const actions = {
  star: () => star(chosen()),
  delete: () => remove(chosen()),
  undo: takeBack,
  clear,
  compare: () => open('compare', [...selected].join(',')),
  keys: () => document.querySelector('#keys').showModal(),
  tag() {
    tagging.hidden = !tagging.hidden
    if (!tagging.hidden) tagging.elements.tag.focus()
  },
  async restore() {
    const ids = [...selected]
    if (!(await change(ids, 'restore'))) return
    hide(ids, true)
    clear()
    recount()
    tell(say('restored'))
  },
  zip: () => selected.size > MOST && tell(say('most', { n: MOST })),
}
document.addEventListener('click', (event) => {
  const button = event.target.closest('#bar [data-act], #toast [data-act], #find [data-act]')
  actions[button?.dataset.act]?.()
})
document.querySelector('#keys').addEventListener('click', ({ target, currentTarget }) => {
  if (target === currentTarget || target.closest('[data-act=close]')) currentTarget.close()
})
tagging.addEventListener('submit', async (event) => {
  event.preventDefault()
  const tag = tagging.elements.tag.value
  if (!(await change(chosen(), 'tag', { tag }))) return
  tagging.reset()
  tagging.hidden = true
  recount()
  tell(say('tagged', { tag }))
})

// Keys
const keys = {
  x: (event) => current() && pick(current().dataset.id, event.shiftKey || !selected.has(current().dataset.id), event.shiftKey),
  s: actions.star,
  Delete: actions.delete,
  u: takeBack,
  c: () => selected.size > 1 && selected.size < 5 && actions.compare(),
  '/': () => form.elements.q.focus(),
  '?': actions.keys,
  Escape: clear,
}
document.addEventListener('keydown', (event) => {
  const { target, key } = event
  if (document.querySelector('dialog[open]') || event.ctrlKey || event.metaKey || event.altKey) return
  if (target.matches('input:not([type=checkbox]), select, textarea')) {
    if (key === 'Escape') target.blur()
    if (key === 'ArrowDown' && target.name === 'q') focus(current())
    return
  }
  if (/^(Arrow|Home$|End$)/.test(key)) {
    if (!target.closest('#grid')) return
    event.preventDefault()
    const from = current()
    move(key)
    if (event.shiftKey && current()) {
      if (!selected.has(from.dataset.id)) pick(from.dataset.id, true)
      pick(current().dataset.id, true, true)
    }
  } else if (keys[key] || keys[key.toLowerCase()]) {
    event.preventDefault()
    ;(keys[key] ?? keys[key.toLowerCase()])(event)
  }
})

// A kept JSON file, dropped or chosen
const json = document.querySelector('#json')
json.addEventListener('change', () => {
  if (json.files[0]) load(json.files[0])
  json.value = ''
})
for (const name of ['dragover', 'drop']) {
  document.addEventListener(name, (event) => {
    if (![...event.dataTransfer.types].includes('Files')) return
    event.preventDefault()
    if (name === 'drop' && event.dataTransfer.files[0]) load(event.dataTransfer.files[0])
  })
}

// What was typed or chosen before this script was there counts too.
const asked = new URLSearchParams(location.search)
for (const name of ['video', 'compare', 'cursor', 'until']) asked.delete(name)
const sorted = (query) => [...query].map(String).sort().join('&')
if (sorted(asked) !== sorted(parameters())) look()

// What the address names is open at once; the server has put a video there already.
const details = document.querySelector('#details')
if ('open' in details.dataset) fill(details, [...details.querySelector('.inside').children])
else if (location.search.includes('compare=')) follow()
