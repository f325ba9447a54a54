// Thrum as the scenario `recovery` needs it: `memory` or `disk`, `kept` or `unkept`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonCodec } from '@thrum/protocol';
import { createThrum } from 'thrum';
import { channel, channelPattern } from '../channel.ts';
import { type Payload, stampedPayload } from '../payload.ts';
import { limits, production } from './production.ts';
import { host, serve } from './serve.ts';

const [, , log, keeping] = process.argv;

const payloadBytes = 100;

let encoded = 0;

/** Looks at what every frame goes through, where the product itself counts nothing. */
function countEncodings(): void {
  const { encode } = jsonCodec;
  const counting: typeof encode = (frame) => {
    if ('timestamp' in frame) encoded += 1;
    return encode.call(jsonCodec, frame);
  };
  Object.assign(jsonCodec, { encode: counting });
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thrum-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

serve(async () => {
  countEncodings();
  const app = createThrum({
    ...production,
    channels: {
      [channelPattern]: { history: { size: 1000 }, tier: log === 'disk' ? 'durable' : 'recoverable' },
    },
    ...(log === 'disk' ? { dataDir: temporaryFolder() } : {}),
    // With one byte of room nothing is kept: everybody's recovery is read and encoded for them alone.
    limits: { ...limits, ...(keeping === 'unkept' ? { recentBytes: 1 } : {}) },
  });
  const { port } = await app.listen({ port: 0, host });
  const publish = (payload: Payload): Promise<unknown> => app.publish(channel, 'message', payload);
  return {
    port,
    publish: (_, payload) => void publish(payload),
    recovery: {
      async miss(count) {
        const { position } = await app.history(channel, { limit: 1 });
        if (position === undefined) throw new Error('expected a position, got none');
        for (let n = 0; n < count; n += 1) await publish(stampedPayload(payloadBytes));
        return position;
      },
      counters() {
        const { pagesRead, positionsRead, recovered, unrecovered } = app.metrics;
        return { pagesRead, positionsRead, recovered, unrecovered, encoded };
      },
    },
  };
});
