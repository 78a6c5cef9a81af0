// The same small picture, an edge between sky and water, in five formats. It was drawn for this file.

/** A picture with its content type. */
export interface Image {
  readonly type: string
  readonly bytes: Uint8Array
}

const SVG = `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="256" height="256">
  <title>The edge of the water</title>
  <rect width="64" height="64" fill="#e9f0f5"/>
  <path d="M0 36 Q16 27 32 36 T64 36 V64 H0 Z" fill="#18455f" stroke="#f08a5d" stroke-width="3"/>
</svg>
`

function inBase64(...lines: string[]): Uint8Array {
  return Buffer.from(lines.join(''), 'base64')
}

/** By the last part of the path of each. */
export const images: ReadonlyMap<string, Image> = new Map([
  [
    'png',
    {
      type: 'image/png',
      bytes: inBase64(
        'iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAABRklEQVR42u2VSxKCMBBEITdw6wk8mgfzJm79f1AP4loXWiFOZhoI',
        'mrhoqhcQTOjHM4XbNvfN+Z31qc3qODjhdL/mtmmzu7TZX/UcbuatcLpf01VVVdfV66hree4vwSF+Kc6tlePpfjweAYu4cE6fB8TB',
        'DwBs6gtSR8AiNEADNEADNEADNEADNEADNEADNEADNEADNEADNJBkYLKY4/ypAd+vc31BUt5Az94WSUkDavXZcoqDMTIZiKu3/R4P',
        'HJXEY+QwoFbv7G2RCAwH9sd4A+LFJ1cHGA7sjzEGflFdxXB4mycYUP/uX6wuMBzYH0MNWDv1R+1fcWB/CBIr6icpQ/UPAAsjJPEt',
        '45Ei1RUAgBHyWLcyVzcBwOcD9M5fvQMgJvE8cqRE7wEAMU/ZxmMB/i0EIAABCEAAAhCAAAQgAAEIQAACJOYJxnxnF7i2F70AAAAA',
        'SUVORK5CYII=',
      ),
    },
  ],
  [
    'jpeg',
    {
      type: 'image/jpeg',
      bytes: inBase64(
        '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7',
        'gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8',
        'fHx8fHx8fHz/wAARCABAAEADASIAAhEBAxEB/8QAGQAAAwEBAQAAAAAAAAAAAAAAAAECBAYF/8QAJxAAAgIBAwIFBQAAAAAAAAAA',
        'AAECEQMEBUEhMRIiUXGBE5Gx0eH/xAAXAQEBAQEAAAAAAAAAAAAAAAAAAgED/8QAHREAAwEAAgMBAAAAAAAAAAAAAAECEQMhMTKR',
        'cf/aAAwDAQACEQMRAD8A6MCqFR2JEA6CgAoKHQzATQUUKgBioqgoAmhjoKACgoU8kMSuckjFl3XDjlT8K6X5pJMh2l0y1FPtG6go',
        'wY92wTmopxd8Rmm/sbMWbHlXkl19OQrT6DiktPN0W9Y89Rk7fp2l/T0o6jDJWskfl0cDZohrtTBUssn79fyU+Ol6v6QuWH7L4dtL',
        'NihfiyR6d1fUw63d8WnTSaT4vu/ZHM5Nw1M019RxT4iqr57maUnJtttt9W2Fx2/LwPkheq39N2r3TNqJycZOEW+67v5/RgsVis6z',
        'KlYjjVVb1lWa9NuGbTtJS8UVw+PZ8GKx2KlUsYmql7LFYWRY7NGF2KybFYGDbCyWxWDcLsLIsdgYf//Z',
      ),
    },
  ],
  [
    'webp',
    {
      type: 'image/webp',
      bytes: inBase64(
        'UklGRhQBAABXRUJQVlA4IAgBAADwBwCdASpAAEAAPxGAuFQsKCWjLBVY0YAiCUAX3gq6VVgHP/2TIdtl3fFSRQgu4W6AS4KiEyDV',
        'EO6cCagztbe4VikcLddnJtwA/u7wA1jmNx/pSx11eaPVklvQ9Mn9HiMzoEO4HgvSZ2+TuZxJ2Lju5wD1xNu/vBXLD76heWy7JlQd',
        'b++hSqQE1FjwV63ArYHPPNaS1kh4WCQeadayF/ON3a1uzcnTxHCtehxY2F8bCNCWyeMan68MR4KxGYb8x37osUSmU5a5dC3+PSOk',
        'b84hG7IMeA9QQyryc/c+jW9h6siiIUjbLP8YhQwxt1kzdWMos6a1ylOaSxB3j8yTtctWx4C7akkAAAA=',
      ),
    },
  ],
  [
    'avif',
    {
      type: 'image/avif',
      bytes: inBase64(
        'AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUEAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAA',
        'AGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAAK8AAAAoaWluZgAAAAAAAQAAABppbmZl',
        'AgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAEAAAABAAAAAEHBpeGkAAAAAAwgICAAAAAxh',
        'djFDgSAAAAAAABNjb2xybmNseAABAA0ABoAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAALdtZGF0EgAKCTgVf/+UBDQaQDKfARtA',
        'FUGoRBrJtnt5/td0ggj/FfGlUzC9cZPhJ++67kKtTIhc9kWAkhGNDGd0XEs9e67tTVJv1yp5j7onhFnA5m27i9Cv2lK6kBoCeJIc',
        '7+HfZbrYhrsI2kCc54K2yHQbuq3nHhZWOvQF1CCc12fd6WstBrgOam04PNu+oxM8jhlglE4Gq7u9319aeteV0FZwGtg/IrgNPF7z',
        'p8lp7Qs0Ag==',
      ),
    },
  ],
  ['svg', { type: 'image/svg+xml', bytes: Buffer.from(SVG) }],
])
