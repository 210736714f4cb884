// Keeps the draft and the form in step. The server draws the form from the draft; this script only
// reads what was chosen, uploads pictures and keeps the draft in the browser.
const KEPT = 'veo-studio.draft'
let edits = 0
let mine = props.value.draft

const form = () => element.querySelector('form')
const value = () => ({ html: props.value.html, draft: mine })

function chosen() {
  const draft = { ...mine }
  const folded = element.querySelector('details.more')
  for (const [name, text] of new FormData(form())) if (typeof text === 'string') draft[name] = text
  const sound = form().elements.generate_audio
  if (sound) draft.generate_audio = sound.checked
  if (folded) draft.more = folded.open
  return draft
}

// A change the server has to look at carries the name of its field.
function change(draft, field) {
  edits += 1
  mine = { ...draft, edits, changed: field }
  localStorage.setItem(KEPT, JSON.stringify(mine))
  props.value = value()
  if (field) trigger('input')
}

// The form came freshly drawn: unless it answers an older edit, it is the truth.
watch('value', () => {
  const { draft } = props.value
  if (typeof draft.edits === 'number' && draft.edits < edits) {
    props.value = value()
    return
  }
  mine = draft
  localStorage.setItem(KEPT, JSON.stringify(mine))
  for (const control of form().elements) {
    if (control.type === 'radio' || control.type === 'checkbox') control.checked = control.defaultChecked
    else if (control.tagName === 'SELECT') for (const option of control.options) option.selected = option.defaultSelected
    else if ('defaultValue' in control && control.type !== 'file') control.value = control.defaultValue
  }
})

element.addEventListener('submit', (event) => event.preventDefault())
element.addEventListener('input', ({ target }) => {
  if (target.type !== 'file' && !target.matches('select, [type=radio], [type=checkbox]')) change(chosen(), '')
})
element.addEventListener('change', ({ target }) => {
  if (target.type === 'file') {
    add(target.closest('.slot'), [...target.files])
    target.value = ''
  } else if (target.matches('select, [type=radio], [type=checkbox]')) change(chosen(), target.name)
})
element.addEventListener('toggle', ({ target }) => { mine = { ...mine, more: target.open } }, true)

element.addEventListener('click', ({ target }) => {
  const button = target.closest('button.remove')
  if (!button) return
  const { field, index } = button.dataset
  const left = (mine[field] || []).length && field === 'reference_images'
    ? mine[field].filter((_, n) => n !== Number(index)) : null
  change({ ...chosen(), [field]: left }, field)
  form().querySelector('.slot input, .slot button')?.focus()
})

// Pictures come by file dialog, by drop on a slot, or pasted anywhere into the first free slot.
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

const free = (node) => node.closest?.('label.slot:not(:has(input:disabled))')
for (const type of ['dragover', 'dragleave', 'drop']) {
  element.addEventListener(type, (event) => {
    const slot = free(event.target)
    if (type === 'dragover' || type === 'drop') event.preventDefault()
    slot?.classList.toggle('over', type === 'dragover')
    if (type === 'drop' && slot) add(slot, [...event.dataTransfer.files])
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

try {
  mine = { ...mine, ...JSON.parse(localStorage.getItem(KEPT)) }
} catch (error) {
  localStorage.removeItem(KEPT)
}
change(mine, 'start')
