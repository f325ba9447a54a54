import * as fc from 'fast-check';

/** One seed for all randomness: THRUM_SEED repeats a run. fast-check prints it, with the path, for every failure. */
export const parameters: fc.Parameters<unknown> = {
  numRuns: Number(process.env['THRUM_RUNS'] ?? 500),
  ...(process.env['THRUM_SEED'] === undefined ? {} : { seed: Number(process.env['THRUM_SEED']) }),
};

/** Holds when `test` throws for no value; what it returns does not count. */
export function check<T>(arbitrary: fc.Arbitrary<T>, test: (value: T) => unknown): void {
  const property = fc.property(arbitrary, (value) => {
    test(value);
  });
  fc.assert(property, parameters as fc.Parameters<[T]>);
}

/** Text with every kind of trouble: controls, non-characters, pairs and lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit)),
      fc.integer({ min: 0x10000, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
      fc.constantFrom('\u007f', '\u0080', '\u009f', '\u00a0', '\u07ff', '\u0800', 'a', 'thrum:'),
    ),
    { maxLength: 40 },
  )
  .map((units) => units.join(''));

/** What JSON can carry and give back: -0 is left out, which JSON writes as 0. */
export const anyJson: fc.Arbitrary<unknown> = fc
  .jsonValue({ noUnicodeString: false, maxDepth: 4 })
  .map(positiveZeros);

const names = fc.constantFrom(
  'type',
  'id',
  'channel',
  'token',
  'since',
  'ack',
  'presence',
  'data',
  'content',
  'event',
  'follows',
);
const others = fc.constantFrom(
  'offset',
  'epoch',
  'limit',
  'reverse',
  'state',
  'method',
  'params',
  'last',
  '__proto__',
);
const types = fc.constantFrom(
  'auth',
  'subscribe',
  'unsubscribe',
  'message',
  'ack',
  'history',
  'presence',
  'call',
  'ping',
);
const odd = fc.constantFrom<unknown>(
  'constructor',
  '__proto__',
  'toString',
  'welcome',
  '',
  null,
  0,
  -1,
  1e308,
  true,
);
const place = fc.record({ epoch: fc.oneof(anyText, odd), offset: fc.oneof(fc.integer(), odd) });

/** Objects that look like frames more often than chance would have it. */
export const nearlyFrame: fc.Arbitrary<unknown> = fc
  .record({
    type: fc.oneof({ weight: 5, arbitrary: types }, { weight: 1, arbitrary: odd }),
    rest: fc.array(fc.tuple(fc.oneof(names, others), fc.oneof(anyText, odd, anyJson, place, fc.integer())), {
      maxLength: 6,
    }),
  })
  // As JSON.parse would make it, so that __proto__ is a key like any other.
  .map(({ type, rest }) =>
    JSON.parse(
      `{${[['type', type], ...rest].map(([key, value]) => `${text(key)}:${text(value)}`).join(',')}}`,
    ),
  );

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

function positiveZeros(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
