import { endpoint, json } from '../_endpoint.js'

const SLIDESHOW = {
  slideshow: {
    title: 'Sample Slide Show',
    author: 'brink',
    date: 'any day',
    slides: [
      { title: 'Wake up to WonderWidgets!', type: 'all' },
      { title: 'Overview', type: 'all', items: ['What an <em>edge</em> tells a server', 'Who drains a socket'] },
    ],
  },
}

/** The sample that httpbin has at /json. */
export default endpoint((_req, head) => json(head, SLIDESHOW))
