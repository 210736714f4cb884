// Dark or light as the system has it, before anything is drawn.
const dark = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.body.classList.toggle('dark', dark.matches)
dark.addEventListener('change', follow)
follow()
