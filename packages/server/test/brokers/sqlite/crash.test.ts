import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startPublisher, type Ack } from './child.ts';
import { folder, open, readAll } from './support.ts';

describe('the SQLite broker, killed', () => {
  it(
    'loses nothing that was acknowledged and keeps its epoch, ten times over',
    { timeout: 400_000 },
    async () => {
      const file = join(folder(), 'thrum.db');
      const acks: Ack[] = [];
      for (let round = 0; round < 10; round += 1) {
        const publisher = startPublisher(file, { first: 1 + round * 1_000_000, atOnce: 1 + round * 3 });
        const enough = 1 + round * 40;
        let seen = 0;
        await publisher.lines.next((line) => line.startsWith('ack ') && (seen += 1) >= enough);
        await publisher.kill();
        expect(publisher.lines.seen.filter((line) => line.startsWith('epoch'))).toEqual([]);
        acks.push(...publisher.acks());
      }
      const opened = open({ file });
      const { epoch, offset, publications } = await readAll(opened);
      expect(opened.changes).toEqual([]);
      expect(new Set(acks.map((ack) => ack.epoch))).toEqual(new Set([epoch]));
      expect(publications.length).toBe(offset);
      const there = new Map(publications.map((each) => [each.offset, each.data]));
      for (const ack of acks) expect(there.get(ack.offset)).toBe(ack.data);
    },
  );
});
