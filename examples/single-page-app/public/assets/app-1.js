const main = document.querySelector('main')

async function show() {
  const id = /^\/books\/(\w+)$/.exec(location.pathname)?.[1]
  const response = await fetch(id === undefined ? '/api/books' : `/api/books/${id}`)
  if (!response.ok) return main.replaceChildren(await response.text())
  const answer = await response.json()
  main.replaceChildren(...(id === undefined ? answer.map(linkTo) : [answer.title]))
}

function linkTo({ id, title }) {
  const link = document.createElement('a')
  link.href = `/books/${id}`
  link.textContent = title
  link.style.display = 'block'
  link.onclick = (event) => {
    event.preventDefault()
    history.pushState(null, '', link.href)
    show()
  }
  return link
}

addEventListener('popstate', show)
show()
