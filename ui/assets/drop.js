// A file dropped beside its place finds it, and never takes the page away: a picture goes into the
// first free slot that takes so many, a video is brought in, a kept JSON file or a link to a video gives its settings.
const onto = (selector, files) => {
  const input = document.querySelector(`${selector} input[type=file]`)
  const carried = new DataTransfer()
  for (const file of files) carried.items.add(file)
  input.files = carried.files
  input.closest('details').open = true
  input.closest('details').scrollIntoView({ block: 'nearest' })
  input.dispatchEvent(new Event('change', { bubbles: true }))
}
async function take(files, target) {
  const of = (kind) => files.filter((file) => file.type.startsWith(kind))
  const pictures = of('image/')
  const free = [...element.querySelectorAll('label.slot:not(:has(input:disabled))')]
  const slot = free.find((one) => Number(one.dataset.most) >= pictures.length) || free[0]
  if (target.closest('#batch')) onto('#batch', files)
  else if (pictures.length && slot) add(slot, pictures)
  else if (of('video/').length) onto('#bring', of('video/').slice(0, 1))
  else if (files[0]?.name.endsWith('.json')) {
    const { id } = await files[0].text().then(JSON.parse).catch(() => ({}))
    begin('reuse', String(id), true)
  } else if (of('text/').length) onto('#batch', of('text/'))
}
for (const type of ['dragover', 'drop']) {
  document.addEventListener(type, (event) => {
    const { dataTransfer, target } = event
    if (event.defaultPrevented || target.matches('input[type=file]')) return
    const asked = type === 'drop' && /[?&]video=(\w+)/.exec(dataTransfer.getData('text/uri-list'))
    if (!asked && !dataTransfer.types.includes('Files')) return
    event.preventDefault()
    if (asked) begin('reuse', asked[1], true)
    else if (type === 'drop') take([...dataTransfer.files], target)
  })
}
