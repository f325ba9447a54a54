import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../support.ts';
import { crashAfter } from './child.ts';
import { folder, open, publishRange, readAll } from './support.ts';

/** What is logged when this file is opened. */
async function openingOf(file: string): Promise<Record<string, unknown> | undefined> {
  const lines: { readonly message: string; readonly fields?: object | undefined }[] = [];
  const log = {
    ...silentLog,
    info: (message: string, fields?: object) => void lines.push({ message, fields }),
  };
  const opened = open({ file, log });
  await opened.broker.ready;
  await opened.broker.close();
  const found = lines.filter(({ message }) => message === 'the log is open');
  expect(found).toHaveLength(1);
  return found[0]?.fields as Record<string, unknown>;
}

describe('opening the SQLite broker tells the operator', () => {
  it('where the log is, how large, of which epoch, and how the last run ended', async () => {
    const file = join(folder(), 'thrum.db');
    expect(await openingOf(file)).toMatchObject({ file, channels: 0, last: 'none, it is new' });

    const opened = open({ file });
    await publishRange(opened, 1, 100);
    const { epoch } = await readAll(opened);
    await opened.broker.close();
    const { size } = statSync(file);
    const stopped = await openingOf(file);
    expect(stopped).toMatchObject({ file, channels: 1, epoch, last: 'stopped' });
    expect(stopped?.['bytes']).toBeGreaterThanOrEqual(size);

    await crashAfter(file, 5);
    expect(await openingOf(file)).toMatchObject({ epoch, last: 'crashed or killed' });
  });
});
