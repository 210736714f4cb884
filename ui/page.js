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

// A double click would pay twice.
let pressed = { at: -1000, text: '' }
document.addEventListener('click', (event) => {
  if (!event.target.closest?.('#go')) return
  const now = { at: event.timeStamp, text: box().value }
  if (now.text === pressed.text && now.at - pressed.at < 1000) event.stopImmediatePropagation()
  else pressed = now
}, true)

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') trigger('back')
})

// A field that was refused says so itself, until something is changed.
function mark(fields) {
  for (const control of document.querySelectorAll('#prompt textarea, #composer [name]')) {
    if (fields.includes(control.name || 'prompt')) control.setAttribute('aria-invalid', 'true')
    else control.removeAttribute('aria-invalid')
  }
}
document.addEventListener('input', ({ target }) => {
  if (!props.value || !target.closest('#prompt, #composer')) return
  props.value = ''
  mark([])
})

// Sent: the text need not be kept any more, and on a phone the stage comes into sight.
watch('value', () => {
  const fields = element.querySelector('[data-fields]')?.dataset.fields.split(' ') || []
  mark(fields)
  if (fields.includes('prompt')) box().focus()
  else if (element.querySelector('[data-sent]')) {
    localStorage.removeItem(KEPT)
    const stage = document.querySelector('#stage')
    if (stage.getBoundingClientRect().top > innerHeight / 2) stage.scrollIntoView({ block: 'start' })
  } else if (props.value) element.scrollIntoView({ block: 'nearest' })
})
