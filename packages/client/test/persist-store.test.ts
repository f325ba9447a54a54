import { livingPageCases, persistCases } from '@thrum/conformance/persist';
import { describe, it } from 'vitest';
import { createMemoryDisk } from './support/memory-store.ts';

describe('the store in memory', () => {
  for (const [law, hold] of Object.entries({ ...persistCases, ...livingPageCases }))
    it(law, () => hold(createMemoryDisk().open));
});
