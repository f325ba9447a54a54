import { type CodecCalls, type CodecFigures } from '../codecs/worker.ts';
import { peers } from '../peers.ts';
import { Child, cores } from '../process/child.ts';
import type { Rounded } from '../report/stats.ts';
import { fixed, type Table } from '../report/table.ts';
import { cell, peersOf, ratioCell, type Scenario, spreadNote } from './scenario.ts';

/** What the others are compared with. */
const usualCodec = 'json';

/** Of the measured time of other scenarios, for each frame and direction. */
const part = 0.05;

/** In milliseconds: a codec has some ten frames, and each takes a second at most. */
const deadlineMs = 600_000;

export interface CodecSample extends Rounded, CodecFigures {}

/** How large are frames, and what does it cost to write and read them? No server, no socket. */
export const codecs: Scenario<CodecSample> = {
  title: 'codecs',
  peers: [peers.thrum],

  async measure(_, round, { options }) {
    await using worker = new Child<CodecCalls>({
      title: 'codecs',
      program: new URL('../codecs/worker.ts', import.meta.url),
      core: cores.server,
    });
    const figures = await worker.call('measure', { seconds: options.seconds * part }, deadlineMs);
    return figures.map((figure) => ({ ...figure, peer: figure.codec, round }));
  },

  tables: (samples) => [
    tableOf(samples, { what: 'bytes of a frame', value: ({ bytes }) => bytes }),
    tableOf(samples, { what: 'nanoseconds of CPU to encode a frame', value: ({ encode }) => encode }),
    tableOf(samples, { what: 'nanoseconds of CPU to decode a frame', value: ({ decode }) => decode }),
  ],
};

interface Figure {
  readonly what: string;
  readonly value: (sample: CodecSample) => number;
}

function tableOf(samples: readonly CodecSample[], { what, value }: Figure): Table {
  const names = peersOf(samples);
  const others = names.filter((name) => name !== usualCodec);
  const frames = Map.groupBy(samples, ({ frame }) => frame);
  return {
    title: `Codecs: ${what}; ${spreadNote(samples)}`,
    columns: ['frame', ...names, ...others.map((name) => `${name} × ${usualCodec}`)],
    rows: [...frames].map(([frame, group]) => [
      frame,
      ...names.map((name) => cell(group, name, value, (figure) => fixed(figure, 0))),
      ...others.map((name) => ratioCell(group, name, value, usualCodec)),
    ]),
  };
}
