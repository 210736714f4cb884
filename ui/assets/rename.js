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

// A closed dialog gives the focus back to the button that opened it, or to the menu that holds this.
let opener = null
document.addEventListener('click', ({ target }) => {
  opener = target.closest?.('[data-rename], [data-share]') ?? opener
}, true)
for (const one of element.querySelectorAll('dialog')) one.addEventListener('close', () => {
  const back = opener?.checkVisibility() ? opener : opener?.closest('details')?.querySelector('summary')
  back?.focus({ preventScroll: true })
})
