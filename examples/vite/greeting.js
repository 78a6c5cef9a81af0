document.querySelector('#greeting').textContent = 'Hello from Vite'
import.meta.hot?.accept()
