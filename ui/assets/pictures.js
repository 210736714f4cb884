// Pictures come by file dialog, by drop on a slot, or pasted anywhere into the first free slot;
// reference images change places by drag or by their buttons.
element.addEventListener('change', ({ target }) => {
  if (target.type !== 'file') return
  add(target.closest('.slot'), [...target.files])
  target.value = ''
})

element.addEventListener('click', ({ target }) => {
  const button = target.closest('button.remove, button.push')
  if (!button) return
  const index = Number(button.dataset.index)
  if (button.matches('.push')) {
    move(index, index + Number(button.dataset.by))
    return
  }
  const { field } = button.dataset
  const draft = chosen()
  if (field === 'reference_images') {
    const without = (list) => (list || []).filter((_, n) => n !== index)
    change({ ...draft, [field]: without(mine[field]), reference_names: without(draft.reference_names) }, field)
  } else change({ ...draft, [field]: null }, field)
  form().querySelector('.slot input, .slot button')?.focus()
})

document.addEventListener('click', ({ target }) => {
  const drawn = target.closest?.('button[data-frame]')
  if (drawn) change({ ...chosen(), first_frame: drawn.dataset.frame, reference_images: [] }, 'first_frame')
})

function move(from, to) {
  const moved = (list, empty) => {
    const all = mine.reference_images.map((_, n) => list?.[n] ?? empty)
    all.splice(to, 0, ...all.splice(from, 1))
    return all
  }
  const draft = chosen()
  const pictures = moved(mine.reference_images)
  change({ ...draft, reference_images: pictures, reference_names: moved(draft.reference_names, '') }, 'reference_images')
}

async function add(slot, files) {
  const { field, most } = slot.dataset
  const pictures = files.filter((file) => file.type.startsWith('image/'))
  if (!pictures.length) return
  slot.classList.add('busy')
  try {
    const names = []
    for (const file of pictures.slice(0, Number(most))) {
      const { path } = await upload(file)
      names.push(path.split(/[\\/]/).slice(-2).join('/'))
    }
    const kept = field === 'reference_images' ? [...(mine[field] || []), ...names].slice(0, Number(most)) : names[0]
    change({ ...chosen(), [field]: kept }, field)
  } catch (error) {
    element.querySelector('.note').textContent = slot.closest('.slots').dataset.refused
  }
  slot.classList.remove('busy')
}

// A free slot, or a frame that gives way to another.
const open = (node) => node.closest?.('label.slot:not(:has(input:disabled)), .slot.frame')
let dragged = null
element.addEventListener('dragstart', ({ target }) => { dragged = target.closest?.('[draggable=true]') })
element.addEventListener('dragend', () => { dragged = null })
for (const type of ['dragover', 'dragleave', 'drop']) {
  element.addEventListener(type, (event) => {
    const slot = dragged ? event.target.closest?.('[draggable=true]') : open(event.target)
    if (!slot) return
    if (type !== 'dragleave') event.preventDefault()
    slot.classList.toggle('over', type === 'dragover')
    if (type !== 'drop') return
    if (dragged) move(Number(dragged.dataset.index), Number(slot.dataset.index))
    else add(slot, [...event.dataTransfer.files])
  })
}
document.addEventListener('paste', (event) => {
  const slot = element.querySelector('label.slot:not(:has(input:disabled))')
  const files = [...(event.clipboardData?.files || [])]
  if (slot && files.length && !event.clipboardData.getData('text')) {
    event.preventDefault()
    add(slot, files)
  }
})
