import type { Command } from 'commander';
import { ConfigError, type Loaded, loadConfig } from '../../config/load.ts';
import { show } from '../../config/option.ts';
import { allOptions } from '../../config/options.ts';
import { needsDevelopmentSecret, toDefinition } from '../../config/to-definition.ts';
import type { Problem } from '../../config/config.ts';
import { createLog } from '../../node/log.ts';
import { createThrum } from '../../thrum.ts';
import { exitCodes } from '../failure.ts';
import { addOptionFlags, type Flags } from '../flags.ts';
import { note, print } from '../output.ts';

const examples = `
Reads the configuration as \`thrum start\` would, prints every option with its value and where it came from, and starts
nothing. Exits with 1 and the list of problems when a server would not start.

Examples:
  $ thrum check
  $ thrum check --production
  $ NODE_ENV=production THRUM_ORIGINS=https://example.com thrum check --config deploy/thrum.config.ts`;

/** `thrum check`: what a server would run with, and what is wrong with it. */
export function configure(command: Command): void {
  addOptionFlags(command).addHelpText('after', examples).action(check);
}

async function check(flags: Flags): Promise<void> {
  const loaded = await loadConfig({ flags, env: process.env, cwd: process.cwd() });
  for (const line of table(loaded)) print(line);
  for (const warning of loaded.warnings) note(`warning: ${warning}`);
  const problems = loaded.problems.length > 0 ? loaded.problems : await tryDefinition(loaded);
  if (problems.length > 0) throw new ConfigError(problems);
  note(
    `${loaded.file?.name ?? 'the configuration'} is good: \`thrum start\` would start a ${loaded.config.mode} server`,
  );
  process.exitCode = exitCodes.done;
}

/** What only building a server finds: channel patterns, features that collide. */
async function tryDefinition({ config, definition, file }: Loaded): Promise<readonly Problem[]> {
  const secret = needsDevelopmentSecret(config, definition)
    ? 'a stand-in that is long enough, since nothing starts'
    : undefined;
  try {
    const parts = await toDefinition(config, definition, secret);
    await createThrum({ ...parts, log: createLog({ level: 'silent' }) }).close({ drainMs: 0 });
    return [];
  } catch (error) {
    return [{ place: file?.name ?? 'configuration', message: (error as Error).message }];
  }
}

function table({ settings, definition, file }: Loaded): readonly string[] {
  const options = [...settings].map(([key, { value, given }]) => {
    const option = allOptions.get(key);
    return [key, option === undefined ? '' : show(option, value), given.place];
  });
  const code = Object.entries(definition).map(([key, value]) => [key, names(value), `${file?.name}:${key}`]);
  const rows = [['option', 'value', 'source'], ...options, ...code];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function names(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const found = Array.isArray(value)
    ? value.map((entry: { name?: unknown }) => String(entry.name))
    : Object.keys(value);
  return found.join(', ');
}
