// Chips write into the prompt; 'rewrite' and 'draw' ask the server, whose offer is used or kept off.
const box = () => document.querySelector('#prompt textarea')
const setting = (name) => document.querySelector(`#composer [name=${name}]:checked, #composer select[name=${name}]`)?.value
const helps = () => [...document.querySelectorAll('#guide [data-help]')]

function write(text, from = text.length, to = from) {
  const target = box()
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(target, text)
  target.dispatchEvent(new Event('input', { bubbles: true }))
  target.focus()
  target.setSelectionRange(from, to)
}

function insert(text) {
  const before = box().value.trimEnd()
  const joint = !before ? '' : /[.!?,;:\n]$/.test(before) ? ' ' : ', '
  const whole = before + joint + text
  const gap = whole.indexOf('…', before.length)
  if (gap < 0) write(whole)
  else write(whole, gap, gap + 1)
}

element.addEventListener('click', ({ target }) => {
  const button = target.closest('button')
  if (!button) return
  if ('insert' in button.dataset) insert(button.dataset.insert)
  if ('text' in button.dataset) write(button.dataset.text)
  if (button.matches('[data-text], [data-keep], [data-frame]')) trigger('keep')
  if (!button.dataset.help) return
  trigger(button.dataset.help === 'draw' ? 'draw' : 'rewrite', {
    prompt: box().value, model: setting('model'), ratio: setting('aspect_ratio')
  })
  // Not the one that was pressed: an answer may get lost, and then it is pressed once more.
  for (const help of helps()) help.disabled = help !== button
  button.classList.add('busy')
})

if (element.closest('#offer')) watch('value', () => {
  for (const help of helps()) {
    help.disabled = false
    help.classList.remove('busy')
  }
})
