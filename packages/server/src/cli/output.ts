import { escapeControls } from '../node/redact.ts';

/** One line of result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line for the person at the terminal: never mixed into results. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** JSON on one line that can be shown in a terminal: what JSON leaves unescaped is escaped, and it stays JSON. */
export function jsonLine(value: unknown): string {
  return escapeControls(JSON.stringify(value));
}

/** `thrum tail … | head` closes the pipe when it has enough; that is no failure. */
export function endWithThePipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}
