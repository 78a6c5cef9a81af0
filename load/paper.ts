// What the pictures share: letters, and a paper that is white by day and dark by night.

export const PAPER_STYLE = `text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 }
.note, .tick { fill: #59636e; font-size: 12px }
.middle { text-anchor: middle }
.end { text-anchor: end }
.paper { fill: #fff }`

export const PAPER_STYLE_BY_NIGHT = `text { fill: #f0f3f6 }
.note, .tick { fill: #a3adb8 }
.paper { fill: #0d1117 }`
