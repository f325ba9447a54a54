import type { Command } from 'commander';
import { renderDocs } from '../../config/docs.ts';

/** `thrum docs`: how docs/configuration.md is made. */
export function configure(command: Command): void {
  command.action(() => {
    process.stdout.write(renderDocs());
  });
}
