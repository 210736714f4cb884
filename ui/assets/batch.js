// Many at once: what was written or added is 'checked' and priced by the server, then 'ordered'.
const KEPT = 'veo-studio.lines'
const lines = () => element.querySelector('textarea')
const checked = () => element.querySelector('.checked')
const asked = {} // by the word of each check: what was priced is ordered, whatever has changed since
let pictures = []

const sent = () => ({
  text: lines().value,
  pictures: [...pictures],
  prompt: document.querySelector('#prompt textarea').value,
  draft: JSON.parse(localStorage.getItem('veo-studio.draft') || '{}')
})

element.addEventListener('submit', (event) => {
  event.preventDefault()
  const press = Date.now().toString(36) + Math.random().toString(36).slice(2)
  asked[press] = { ...sent(), press }
  trigger('checked', asked[press])
})

// Other lines than those that were checked; a reload loses none.
function changed() {
  checked().textContent = ''
  sessionStorage.setItem(KEPT, lines().value)
}
element.addEventListener('input', changed)

element.addEventListener('change', async ({ target }) => {
  if (target.type !== 'file') return
  for (const file of target.files) {
    if (file.type.startsWith('image/')) {
      const { path } = await upload(file)
      pictures.push({ name: file.name, file: path.split(/[\\/]/).slice(-2).join('/') })
    } else lines().value = await file.text()
  }
  target.value = ''
  element.querySelector('.added').textContent = pictures.map((one) => one.name).join(', ')
  changed()
})

element.addEventListener('click', ({ target }) => {
  if (target.closest('[data-order]')) trigger('ordered', asked[checked().dataset.press])
})

// Sent: the fold came back closed.
watch('value', () => {
  if (element.querySelector('details').open) return
  lines().value = ''
  pictures = []
  sessionStorage.removeItem(KEPT)
})

lines().value = sessionStorage.getItem(KEPT) || ''
