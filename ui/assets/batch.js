// Many at once: what was written or added is 'checked' and priced by the server, then 'ordered'.
const lines = () => element.querySelector('textarea')
let pictures = []

const sent = () => ({
  text: lines().value,
  pictures,
  prompt: document.querySelector('#prompt textarea').value,
  draft: JSON.parse(localStorage.getItem('veo-studio.draft') || '{}')
})

element.addEventListener('submit', (event) => {
  event.preventDefault()
  trigger('checked', sent())
})

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
})

element.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-order]')
  if (!button) return
  trigger('ordered', { ...sent(), press: button.dataset.press ||= Date.now().toString(36) + Math.random().toString(36).slice(2) })
})

// Sent: the fold came back closed.
watch('value', () => {
  if (element.querySelector('details').open) return
  lines().value = ''
  pictures = []
})
