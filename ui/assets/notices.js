// When a video or a film is done: a tone made here, a notification of the browser. Both are off until chosen.
const KEPT = 'veo-studio.notices'
const page = document.querySelector('#notices')
const jobs = document.querySelector('#working, #film')
const boxes = [...page.querySelectorAll('input')]
const words = page.querySelector('[data-done]').dataset
let audio

try {
  const kept = JSON.parse(localStorage.getItem(KEPT)) || {}
  for (const box of boxes) box.checked = kept[box.name] === true && (box.name === 'tone' || Notification.permission === 'granted')
} catch (error) {
  localStorage.removeItem(KEPT)
}

page.addEventListener('change', async ({ target }) => {
  if (target.name === 'notice' && target.checked && await Notification.requestPermission() !== 'granted') {
    target.checked = false
    page.querySelector('[role=status]').textContent = words.refused
  }
  if (target.name === 'tone' && target.checked) tone()
  localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(boxes.map((box) => [box.name, box.checked]))))
})

// Two soft sines, a fifth apart: half a second.
function tone() {
  audio ||= new AudioContext()
  const at = audio.currentTime
  for (const [pitch, delay] of [[523.25, 0], [783.99, 0.12]]) {
    const note = new OscillatorNode(audio, { frequency: pitch })
    const loud = new GainNode(audio, { gain: 0 })
    loud.gain.linearRampToValueAtTime(0.12, at + delay + 0.02)
    loud.gain.exponentialRampToValueAtTime(0.0001, at + delay + 0.4)
    note.connect(loud).connect(audio.destination)
    note.start(at + delay)
    note.stop(at + delay + 0.45)
  }
  window.veoStudioTones = (window.veoStudioTones || 0) + 1
}

// The server says in the list of jobs how many came home.
let before = 0
const looks = () => {
  const list = jobs.querySelector('.jobs')
  const now = Number(list?.dataset.running || 0)
  if (now < before && list) tell(list.dataset.over || '')
  before = now
}
function tell(prompt) {
  if (boxes.find((box) => box.name === 'tone').checked) tone()
  const notice = boxes.find((box) => box.name === 'notice').checked
  if (notice && document.visibilityState !== 'visible') new Notification(words.done.replace('{prompt}', prompt))
}
new MutationObserver(looks).observe(jobs, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-running'] })
looks()
