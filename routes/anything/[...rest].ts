/** The same below any path. */
export { default } from './index.js'
