// The one dialog of the page: a name for a video.
const dialog = element.querySelector('dialog:not(.share)')
const box = dialog.querySelector('input')

document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('button[data-rename]')
  if (!button) return
  dialog.dataset.id = button.dataset.id
  box.value = button.dataset.name
  dialog.showModal()
  box.select()
})
element.addEventListener('click', ({ target }) => { if (target.closest('[data-close]')) dialog.close() })
dialog.addEventListener('submit', () => trigger('rename', { id: dialog.dataset.id, name: box.value }))
