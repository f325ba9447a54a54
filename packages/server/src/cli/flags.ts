import { type Command, Option } from 'commander';
import { describeDefault, type Option as ConfigOption } from '../config/option.ts';
import { allOptions, flagOf, variableOf } from '../config/options.ts';

/** Options by the keys that commander gives them. */
export type Flags = Readonly<Record<string, unknown>>;

/** Flags that say which configuration is meant. */
export function addConfigFlags(command: Command): Command {
  return command
    .option(
      '--config <path>',
      'Configuration file [THRUM_CONFIG] (default: thrum.config.ts, .js or .json, if there)',
    )
    .option('--data-dir <path>', 'Folder for what the server keeps [THRUM_DATA_DIR] (default: "./data")');
}

const groups: Readonly<Record<string, string | undefined>> = { limits: 'Limits:', webhooks: 'Webhooks:' };

/** A flag for every option but secrets, which the process list would show. */
export function addOptionFlags(command: Command): Command {
  command.addOption(
    new Option(
      '--config <path>',
      'Configuration file [THRUM_CONFIG] (default: thrum.config.ts, .js or .json, if there)',
    ),
  );
  command.addOption(new Option('--production', 'Short for --mode production').conflicts('mode'));
  for (const [key, option] of allOptions) {
    const flag = flagOf(key, option);
    if (flag === undefined) continue;
    const group = groups[key.split('.')[0] ?? ''] ?? 'Options:';
    const text = `${option.help} [${variableOf(key, option)}] (default: ${describeDefault(option)})`;
    const value = option.boolean === true ? '' : ` <${placeholder(option)}>`;
    command.addOption(new Option(`${flag}${value}`, text).helpGroup(group));
    if (option.boolean === true) {
      command.addOption(new Option(`--no-${flag.slice(2)}`, `Turns --${flag.slice(2)} off`).hideHelp());
    }
  }
  return command;
}

function placeholder(option: ConfigOption): string {
  if (option.unit !== undefined) return option.unit.replace(/\W.*/, '');
  if (typeof option.default === 'number') return 'number';
  return option.expected.startsWith('one of ') ? option.expected.slice(7).replaceAll(', ', '|') : 'text';
}
