// Keeps the draft and the form in step. The server draws the form from the draft; this script only
// reads what was chosen, and keeps the draft in the browser. Pictures: see pictures.js.
const KEPT = 'veo-studio.draft'
let edits = 0
let mine = props.value.draft

const form = () => element.querySelector('form')
const value = () => ({ html: props.value.html, draft: mine })

// What is folded away keeps its place in the draft under the name of its class.
const folds = () => [...element.querySelectorAll('form > details')]

function chosen() {
  const draft = { ...mine }
  for (const control of form().elements) {
    const { name, type, value, checked, dataset } = control
    if (!name || type === 'file' || (type === 'radio' && !checked)) continue
    if ('list' in dataset) draft[name] = listed(name)
    else draft[name] = type === 'checkbox' ? checked : value
  }
  for (const fold of folds()) draft[fold.className] = fold.open
  return draft
}

const listed = (name) => [...form().elements].filter((one) => one.name === name && (one.type !== 'checkbox' || one.checked))
  .map((one) => one.value)

// A change the server has to look at carries the name of its field.
function change(draft, field) {
  edits += 1
  mine = { ...draft, edits, changed: field }
  localStorage.setItem(KEPT, JSON.stringify(mine))
  props.value = value()
  if (field) trigger('input')
}

// The form came freshly drawn: unless it answers an older edit, it is the truth.
watch('value', () => {
  const { draft } = props.value
  if (typeof draft.edits === 'number' && draft.edits < edits) {
    props.value = value()
    return
  }
  const open = { more: Boolean(mine.more), choices: Boolean(mine.choices) }
  mine = { ...draft, ...open }
  localStorage.setItem(KEPT, JSON.stringify(mine))
  for (const fold of folds()) fold.open = open[fold.className] // it may have been opened while this was on its way
  for (const control of form().elements) {
    if (control.type === 'radio' || control.type === 'checkbox') control.checked = control.defaultChecked
    else if (control.tagName === 'SELECT') for (const option of control.options) option.selected = option.defaultSelected
    else if ('defaultValue' in control && control.type !== 'file') control.value = control.defaultValue
  }
})

const CHOICES = 'select, [type=radio], [type=checkbox]'
element.addEventListener('submit', (event) => event.preventDefault())
element.addEventListener('input', ({ target }) => {
  if (target.type !== 'file' && !target.matches(CHOICES)) change(chosen(), '')
})
element.addEventListener('change', ({ target }) => {
  if (target.matches(CHOICES)) change(chosen(), target.name)
})
// The browser tells of a fold a moment after the click: a form that comes between would close it again.
element.addEventListener('click', ({ target }) => {
  const fold = target.closest('summary')?.parentElement
  if (fold?.parentElement === form()) mine = { ...mine, [fold.className]: !fold.open }
})
element.addEventListener('toggle', ({ target }) => { mine = { ...mine, [target.className]: target.open } }, true)

// Ways of working: a button anywhere on the page, or an address, names a video and what to do with it.
function begin(way, id, seed) {
  edits += 1
  trigger('begin', { way, id, seed, prompt: document.querySelector('#prompt textarea').value, draft: { ...chosen(), edits } })
  document.querySelector('#prompt textarea').focus()
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('button')
  if (button?.dataset.way) begin(button.dataset.way, button.dataset.id, button.dataset.seed === '1')
  if (button?.matches('[data-leave]')) {
    change({ ...chosen(), way: null, parent: null }, 'way')
    document.querySelector('#prompt textarea').focus()
  }
})

// Of an edit the last version is in sight; when it came home it can be looked at.
const seen = (place, does) => new MutationObserver(does).observe(place, { childList: true, subtree: true })
const card = document.querySelector('#card')
let usual
seen(card, () => {
  card.querySelector('.versions')?.scrollTo(0, 1e6)
  const text = document.querySelector('#prompt textarea')
  usual ??= text.placeholder
  text.placeholder = card.querySelector('[data-hint]')?.dataset.hint || usual
})
const screen = document.querySelector('#screen')
seen(screen, () => {
  const id = screen.querySelector('.result:not(.failed)')?.dataset.id
  const version = card.querySelector(`.versions button:disabled[data-id="${id}"]`)
  if (!version) return
  version.disabled = false
  const still = Object.assign(new Image(), { className: 'still', alt: '', src: `v1/videos/${id}/content?variant=thumbnail` })
  version.querySelector('.still').replaceWith(still)
})

// What was drawn first is for a browser that keeps no draft.
const first = JSON.stringify(mine)
try {
  mine = { ...mine, ...JSON.parse(localStorage.getItem(KEPT)) }
} catch (error) {
  localStorage.removeItem(KEPT)
}
const asked = new URLSearchParams(location.search)
const named = ['extend', 'edit', 'continue', 'reuse', 'variation', 'final'].find((way) => asked.has(way))
if (named) {
  localStorage.setItem(KEPT, JSON.stringify(mine))
  edits += 1
  trigger('begin', { way: named, id: asked.get(named), seed: asked.get('seed') === '1', draft: { ...mine, edits } })
  for (const name of [named, 'seed']) asked.delete(name)
  history.replaceState(null, '', `${location.pathname}${asked.size ? `?${asked}` : ''}`)
} else if (props.value.anybody || JSON.stringify(mine) !== first) change(mine, 'start')
else localStorage.setItem(KEPT, first)
