// Media types by file extension. Unknown extensions are `application/octet-stream`.

const APPLICATION = {
  atom: 'atom+xml',
  bin: 'octet-stream',
  bz2: 'x-bzip2',
  '7z': 'x-7z-compressed',
  doc: 'msword',
  docx: 'vnd.openxmlformats-officedocument.wordprocessingml.document',
  eot: 'vnd.ms-fontobject',
  epub: 'epub+zip',
  geojson: 'geo+json',
  gz: 'gzip',
  har: 'json',
  jar: 'java-archive',
  json: 'json',
  json5: 'json5',
  jsonld: 'ld+json',
  map: 'json',
  odp: 'vnd.oasis.opendocument.presentation',
  ods: 'vnd.oasis.opendocument.spreadsheet',
  odt: 'vnd.oasis.opendocument.text',
  ogx: 'ogg',
  parquet: 'vnd.apache.parquet',
  pdf: 'pdf',
  pgp: 'pgp-encrypted',
  ppt: 'vnd.ms-powerpoint',
  pptx: 'vnd.openxmlformats-officedocument.presentationml.presentation',
  ps: 'postscript',
  rar: 'vnd.rar',
  rss: 'rss+xml',
  rtf: 'rtf',
  sql: 'sql',
  sqlite: 'vnd.sqlite3',
  tar: 'x-tar',
  tgz: 'gzip',
  toml: 'toml',
  wasm: 'wasm',
  webmanifest: 'manifest+json',
  xhtml: 'xhtml+xml',
  xls: 'vnd.ms-excel',
  xlsx: 'vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  xml: 'xml',
  xsl: 'xslt+xml',
  xslt: 'xslt+xml',
  xz: 'x-xz',
  yaml: 'yaml',
  yml: 'yaml',
  zip: 'zip',
  zst: 'zstd',
}

const AUDIO = {
  aac: 'aac',
  flac: 'flac',
  m4a: 'mp4',
  mid: 'midi',
  midi: 'midi',
  mka: 'matroska',
  mp3: 'mpeg',
  oga: 'ogg',
  ogg: 'ogg',
  opus: 'ogg',
  wav: 'wav',
  weba: 'webm',
}

const FONT = { otf: 'otf', ttc: 'collection', ttf: 'ttf', woff: 'woff', woff2: 'woff2' }

const IMAGE = {
  apng: 'apng',
  avif: 'avif',
  bmp: 'bmp',
  gif: 'gif',
  heic: 'heic',
  heif: 'heif',
  ico: 'vnd.microsoft.icon',
  jpeg: 'jpeg',
  jpg: 'jpeg',
  jxl: 'jxl',
  png: 'png',
  svg: 'svg+xml',
  svgz: 'svg+xml',
  tif: 'tiff',
  tiff: 'tiff',
  webp: 'webp',
}

const MODEL = { glb: 'gltf-binary', gltf: 'gltf+json', obj: 'obj', stl: 'stl' }

const TEXT = {
  cjs: 'javascript',
  css: 'css',
  csv: 'csv',
  htm: 'html',
  html: 'html',
  ics: 'calendar',
  js: 'javascript',
  log: 'plain',
  markdown: 'markdown',
  md: 'markdown',
  mjs: 'javascript',
  text: 'plain',
  tsv: 'tab-separated-values',
  txt: 'plain',
  vcf: 'vcard',
  vtt: 'vtt',
}

const VIDEO = {
  '3gp': '3gpp',
  avi: 'x-msvideo',
  m2ts: 'mp2t',
  m4v: 'mp4',
  mkv: 'matroska',
  mov: 'quicktime',
  mp4: 'mp4',
  mpeg: 'mpeg',
  mpg: 'mpeg',
  ogv: 'ogg',
  ts: 'mp2t',
  webm: 'webm',
}

const BYTES = 'application/octet-stream'

const types = new Map<string, string>()
for (const [kind, extensions] of Object.entries({
  application: APPLICATION,
  audio: AUDIO,
  font: FONT,
  image: IMAGE,
  model: MODEL,
  text: TEXT,
  video: VIDEO,
})) {
  for (const [extension, name] of Object.entries(extensions)) types.set(extension, withCharset(`${kind}/${name}`))
}

/**
 * The `content-type` for a file name by its extension, case-insensitively. Text types get `charset=utf-8`.
 * `application/octet-stream` for unknown extensions and names without one.
 */
export function typeOfFile(name: string): string {
  return types.get(extensionOf(name)) ?? BYTES
}

/** The extension of a path in lower case, without the dot; empty when there is none, as for `.gitignore`. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase()
}

/** Adds `charset=utf-8` to a text type that names no charset. */
export function withCharset(type: string): string {
  return type.startsWith('text/') && !/;\s*charset=/i.test(type) ? `${type}; charset=utf-8` : type
}
