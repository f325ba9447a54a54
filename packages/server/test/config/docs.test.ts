import { readFile } from 'node:fs/promises';
import { defaultLimits } from '@thrum/protocol';
import { describe, expect, it } from 'vitest';
import { definitionFields } from '../../src/config/definition.ts';
import { renderDocs } from '../../src/config/docs.ts';
import { defaultOf } from '../../src/config/option.ts';
import { allOptions, flagOf, variableOf } from '../../src/config/options.ts';

describe('the table of options', () => {
  it('is what docs/configuration.md shows: `thrum docs > docs/configuration.md` makes it so', async () => {
    const page = await readFile(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
    expect(page).toBe(renderDocs());
  });

  it('names every field that only a file can hold', () => {
    for (const field of definitionFields) expect(renderDocs()).toContain(`\`${field}\``);
  });

  it('has a good default, one line of help and names of its own for each option', () => {
    const variables = [...allOptions].map(([key, option]) => variableOf(key, option));
    expect(new Set(variables).size).toBe(allOptions.size);
    for (const [key, option] of allOptions) {
      expect(option.help, key).toMatch(/^[A-Z][^\n|]+\.$/);
      for (const mode of ['development', 'production'] as const) {
        const value = defaultOf(option, mode);
        if (value !== undefined)
          expect(option.schema.safeParse(value), key).toMatchObject({ success: true, data: value });
        else
          expect(option.secret === true || option.otherwise !== undefined || key === 'jwksUrl', key).toBe(
            true,
          );
      }
    }
  });

  it('gives secrets no flag', () => {
    const secrets = [...allOptions].filter(([, option]) => option.secret === true);
    expect(secrets.map(([key]) => key)).toEqual([
      'redisUrl',
      'jwtSecret',
      'jwtPreviousSecrets',
      'apiKeys',
      'webhooks.secrets',
    ]);
    for (const [key, option] of secrets) expect(flagOf(key, option)).toBeUndefined();
  });

  it('has every limit of the protocol, with its default', () => {
    const limits = [...allOptions].filter(([key]) => key.startsWith('limits.'));
    const defaults = Object.fromEntries(
      limits.map(([key, option]) => [key.slice(7), defaultOf(option, 'production')]),
    );
    expect(defaults).toEqual(defaultLimits);
    // The core takes no limit of 0.
    for (const [key, option] of limits) expect(option.schema.safeParse(0).success, key).toBe(false);
  });
});
