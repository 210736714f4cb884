// What belongs to no single part of the page: keys, the prompt that is never lost, and coming back.
const KEPT = 'veo-studio.prompt'
const box = () => document.querySelector('#prompt textarea')
const press = () => document.querySelector('#go')

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
  event.preventDefault()
  event.stopPropagation()
  press()?.click()
}, true)

// Two quick presses for the same carry the same word: the server takes them for one, and one is paid.
const SAME = 1500
let pressed = { at: -SAME }
let going // the prompt that was sent by the last press
const word = () => Date.now().toString(36) + Math.random().toString(36).slice(2)
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('#go, [data-act=retry]')
  if (!button) return
  const edits = JSON.parse(localStorage.getItem('veo-studio.draft') || '{}').edits
  const what = button.id ? `${edits} ${box().value}` : button.dataset.id
  const again = what === pressed.what && event.timeStamp - pressed.at < SAME
  pressed = { what, at: event.timeStamp, word: again ? pressed.word : word() }
  button.dataset.press = pressed.word
  going = button.id && box().value
}, true)

// Times of the server by the clock of whoever looks.
if (!customElements.get('local-time')) customElements.define('local-time', class extends HTMLElement {
  static observedAttributes = ['at']
  connectedCallback() { this.tell() }
  attributeChangedCallback() { this.tell() }
  tell() {
    const hour = { hour: '2-digit', minute: '2-digit' }
    const shown = this.hasAttribute('day') ? { day: 'numeric', month: 'short', ...hour } : hour
    this.textContent = new Date(this.getAttribute('at')).toLocaleString([], shown)
  }
})

document.addEventListener('visibilitychange', () => {
  const { running } = document.querySelector('#working .jobs')?.dataset ?? {}
  if (document.visibilityState === 'visible') trigger('back', { running: running ?? '' })
})

// That the server is gone Gradio says by itself, in English; here it is said in the page's own words.
const LOST = 'Connection to the server was lost'
new MutationObserver(() => {
  for (const said of document.querySelectorAll('[data-testid=toast-text]')) {
    if (!said.textContent.includes(LOST)) continue
    const words = document.querySelector('[data-lost]').dataset
    said.textContent = words.lost
    said.closest('.toast-body').querySelector('.toast-title').firstChild.data = words.away
  }
}).observe(document.body, { childList: true, subtree: true })

// A field that was refused says so itself, until something is changed.
function mark(fields) {
  for (const control of document.querySelectorAll('#prompt textarea, #composer [name]')) {
    if (!fields.includes(control.name || 'prompt')) control.removeAttribute('aria-invalid')
    else {
      control.setAttribute('aria-invalid', 'true')
      control.closest('details:not([open])')?.querySelector('summary').click()
    }
  }
}
document.addEventListener('input', ({ target }) => {
  if (!props.value || !target.closest('#prompt, #composer')) return
  props.value = ''
  mark([])
})

function empty() {
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box(), '')
  box().dispatchEvent(new Event('input', { bubbles: true }))
}

// Sent: its text need not be kept any more, and on a phone the stage comes into sight.
watch('value', () => {
  const fields = element.querySelector('[data-fields]')?.dataset.fields.split(' ') || []
  mark(fields)
  if (fields.includes('prompt')) box().focus()
  else if (element.querySelector('[data-sent]')) {
    if (localStorage.getItem(KEPT) === going) localStorage.removeItem(KEPT)
    if (element.querySelector('[data-over]') && box().value === going) empty()
    const stage = document.querySelector('#stage')
    if (stage.getBoundingClientRect().top > innerHeight / 2) stage.scrollIntoView({ block: 'start' })
  } else if (props.value) element.scrollIntoView({ block: 'nearest' })
})
