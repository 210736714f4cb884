// A video of one's own: seen and trimmed here, sent to /v1, then 'brought' onto the stage.
const LONGEST = 30
const form = element.querySelector('form')
const trim = element.querySelector('.trim')
const preview = element.querySelector('video')
const said = element.querySelector('.said')
const { start, end } = form.elements
let file = null

const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, '0')}`
function show(moved) {
  if (Number(end.value) - Number(start.value) < 1) {
    if (moved === start) end.value = Number(start.value) + 1
    else start.value = Number(end.value) - 1
  }
  if (Number(end.value) - Number(start.value) > LONGEST) {
    if (moved === start) end.value = Number(start.value) + LONGEST
    else start.value = Number(end.value) - LONGEST
  }
  for (const one of [start, end]) one.closest('label').querySelector('i').textContent = clock(Number(one.value))
  preview.currentTime = Number(moved.value)
}

element.addEventListener('change', ({ target }) => {
  if (target.type !== 'file' || !target.files.length) return
  file = target.files[0]
  target.value = ''
  URL.revokeObjectURL(preview.src)
  preview.src = URL.createObjectURL(file)
  form.elements.prompt.value = file.name.replace(/\.\w+$/, '')
  said.textContent = ''
  trim.hidden = false
})
preview.addEventListener('loadedmetadata', () => {
  const length = Number.isFinite(preview.duration) ? preview.duration : LONGEST
  for (const one of [start, end]) one.max = length
  start.value = 0
  end.value = Math.min(length, LONGEST)
  show(start)
})
element.addEventListener('input', ({ target }) => { if (target.type === 'range') show(target) })

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const button = form.querySelector('[type=submit]')
  const body = new FormData()
  body.append('video', file)
  body.append('prompt', form.elements.prompt.value)
  if (Number(end.value)) {
    body.append('start', start.value)
    body.append('end', end.value)
  }
  const sending = new XMLHttpRequest()
  const over = (sentence) => {
    button.disabled = false
    said.textContent = sentence
  }
  sending.upload.onprogress = ({ loaded, total }) => {
    said.textContent = `${form.dataset.bringing} ${Math.round(100 * loaded / total)} %`
  }
  sending.onerror = () => over(form.dataset.refused)
  sending.onload = () => {
    let answer = {}
    try { answer = JSON.parse(sending.responseText) } catch (error) { /* not from us */ }
    over(sending.status === 200 ? '' : answer.error?.message || form.dataset.refused)
    if (sending.status !== 200) return
    trim.hidden = true
    element.querySelector('details').open = false
    trigger('brought', { id: answer.id })
    document.querySelector('#stage').scrollIntoView({ block: 'nearest' })
  }
  sending.open('POST', 'v1/videos/imports')
  sending.send(body)
  button.disabled = true
})
