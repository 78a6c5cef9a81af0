// Lets apps that lie elsewhere import the frameworks that are installed here. For --import.
import { register } from 'node:module'

register('./packages_hook.mjs', import.meta.url)
