import { type CodecCalls, type CodecFigures } from '../codecs/worker.ts';
import { peers } from '../peers.ts';
import { Child, cores } from '../process/child.ts';
import type { Rounded } from '../report/stats.ts';
import { fixed, type Table } from '../report/table.ts';
import { cell, middle, peersOf, present, ratioCell, type Scenario, spreadNote } from './scenario.ts';

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

  tables: (samples) => [...Map.groupBy(samples, ({ frame }) => frame)].map(([, group]) => tableOf(group)),
};

function tableOf(samples: readonly CodecSample[]): Table {
  const compared = present(samples, ['json']);
  const ns = (value: number): string => fixed(value, 0);
  const columns = ['bytes', 'encode ns', 'decode ns'];
  return {
    title: `Codecs: ${samples[0]?.frame}; CPU time of one, ${spreadNote(samples)}`,
    columns: ['codec', ...columns.flatMap((column) => [column, ...compared.map((name) => `× ${name}`)])],
    rows: peersOf(samples).map((peer) => [
      peer,
      middle(samples, peer, ({ bytes }) => bytes, ns),
      ...compared.map((name) => ratioCell(samples, peer, ({ bytes }) => bytes, name)),
      cell(samples, peer, ({ encode }) => encode, ns),
      ...compared.map((name) => ratioCell(samples, peer, ({ encode }) => encode, name)),
      cell(samples, peer, ({ decode }) => decode, ns),
      ...compared.map((name) => ratioCell(samples, peer, ({ decode }) => decode, name)),
    ]),
  };
}
