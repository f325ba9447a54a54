import { readFileSync } from 'node:fs';
import type { Codec } from '@thrum/protocol';

/** Every codec that `@thrum/protocol` exports, at whichever of its entries, by name. */
export async function findCodecs(): Promise<ReadonlyMap<string, Codec>> {
  const codecs = new Map<string, Codec>();
  for (const entry of entries()) {
    const exported = (await import(entry)) as Readonly<Record<string, unknown>>;
    for (const value of Object.values(exported)) if (isCodec(value)) codecs.set(value.name, value);
  }
  return codecs;
}

function entries(): readonly string[] {
  const main = import.meta.resolve('@thrum/protocol');
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', main), 'utf8'));
  const { exports } = manifest as { readonly exports: Readonly<Record<string, unknown>> };
  return Object.keys(exports)
    .filter((path) => !path.endsWith('.json') && !path.includes('*'))
    .map((path) => `@thrum/protocol${path.slice(1)}`);
}

function isCodec(value: unknown): value is Codec {
  const { name, subprotocol, encode, decode } = (value ?? {}) as Partial<Codec>;
  return (
    typeof name === 'string' &&
    typeof subprotocol === 'string' &&
    typeof encode === 'function' &&
    typeof decode === 'function'
  );
}
