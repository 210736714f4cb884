// One line at the bottom edge, with a way back where there is one.
const toast = document.querySelector('#toast')
const LASTS = 15000 // milliseconds
let timer = 0
let undo = null
export function tell(text, back = null) {
  clearTimeout(timer)
  undo = back
  toast.querySelector('span').textContent = text
  toast.querySelector('button').hidden = !back
  toast.classList.add('on')
  timer = setTimeout(fade, LASTS)
}
function fade() {
  if (toast.matches(':hover, :focus-within')) timer = setTimeout(fade, LASTS)
  else {
    toast.classList.remove('on')
    toast.querySelector('span').textContent = ''
    undo = null
  }
}
export function takeBack() {
  const back = undo
  undo = null
  if (back) back()
}
