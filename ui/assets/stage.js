// Buttons in drawn HTML become events of the component: 'cancel', 'retry', 'check', 'dismiss', 'example', 'fetch', 'recover',
// 'star', 'pause', 'resume', 'move' and 'show', each with the id it is about.
element.addEventListener('click', ({ target }) => {
  const button = target.closest('button')
  const video = element.querySelector('video')
  if (button?.dataset.act) {
    trigger(button.dataset.act, { id: button.dataset.id, press: button.dataset.press, to: button.dataset.to })
    if (button.dataset.busy) {
      button.disabled = true
      button.textContent = button.dataset.busy
    }
    if (button.dataset.act === 'example') document.querySelector('#prompt textarea').focus()
    if (button.dataset.act === 'show') document.querySelector('#stage').scrollIntoView({ block: 'nearest' })
  }
  if (button?.matches('.unmute')) {
    video.muted = false
    video.play()
  }
})

// A menu closes once something in it was chosen, by Escape, and when one turns away.
const close = (but) => {
  for (const menu of element.querySelectorAll('details.menu[open]')) if (menu !== but) menu.open = false
}
document.addEventListener('click', ({ target }) => close(target.closest?.('.items') ? null : target.closest?.('details.menu')))
element.addEventListener('keydown', ({ key, target }) => {
  const menu = key === 'Escape' && target.closest('details.menu')
  if (menu) menu.querySelector('summary').focus()
  if (menu) close()
})

element.addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.target
  if (form.dataset.act) trigger(form.dataset.act, Object.fromEntries(new FormData(form)))
})

// The title tells how far it is; a new video starts silent, and says once that it has sound.
const shown = () => {
  const title = element.querySelector('[data-title]')?.dataset.title
  if (title) document.title = title
  const video = element.querySelector('video')
  if (!video || video.dataset.shown === video.src) return
  video.dataset.shown = video.src
  video.muted = true
  if (video.autoplay) video.play().catch(() => {})
}
element.addEventListener('volumechange', ({ target }) => {
  element.querySelector('.unmute').hidden = !target.muted
}, true)
watch('value', shown)
shown()

// What is drawn anew takes the place of what had the focus: its successor gets it, else the next thing there.
let held = ''
const selector = ({ tagName, dataset }) => ['act', 'id', 'to', 'rename', 'share'].filter((name) => name in dataset)
  .reduce((found, name) => `${found}[data-${name}="${CSS.escape(dataset[name])}"]`, tagName.toLowerCase())
document.addEventListener('focusin', ({ target }) => { held = element.contains(target) ? selector(target) : '' })
watch('value', () => {
  const now = document.activeElement // the same button may be another job's by now
  if (!held || (now !== document.body && selector(now) === held)) return
  const again = element.querySelector(held) ?? element.querySelector('button, a, summary')
  const there = again?.checkVisibility() ? again : again?.closest('details')?.querySelector('summary')
  there?.focus({ preventScroll: true })
})

// The page comes drawn for its visitor. Where it does not, or comes from the browser's own keeping, it asks.
const [way] = performance.getEntriesByType('navigation')
if (element.querySelector('.curtain') || (element.closest('#screen') && way?.type === 'back_forward')) {
  trigger('ask', { video: new URLSearchParams(location.search).get('video') || '' })
} else {
  const { running } = element.querySelector('.jobs')?.dataset ?? {}
  if (Number(running)) trigger('back', { running })
}
