// Plans that the form begins with.

export const planExamples: readonly (readonly [name: string, plan: unknown])[] = [
  ['5 % of answers are 503', { phases: [{ fault: 'status=503:5%; retry-after=1s' }] }],
  ['Slow, as servers are: log-normal times', { phases: [{ fault: 'delay=lognormal(20ms,0.8)' }] }],
  ['1 % of connections are reset', { phases: [{ fault: 'reset=head:1%' }] }],
  [
    '4 workers of 10 ms: times rise with the load',
    { phases: [{ fault: 'workers=4; service=exponential(10ms); queue-limit=100' }] },
  ],
  [
    'Good for 30 s, bad for 10 s, good again',
    {
      phases: [
        { name: 'good', for: '30s' },
        { name: 'bad', for: '10s', fault: 'status=503:5%; delay=50ms..200ms' },
        { name: 'good again' },
      ],
    },
  ],
]
