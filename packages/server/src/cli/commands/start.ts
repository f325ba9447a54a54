import type { Command } from 'commander';
import { developmentSecret } from '../../auth/development-secret.ts';
import type { Config } from '../../config/config.ts';
import { type Loaded, requireConfig } from '../../config/load.ts';
import { needsDevelopmentSecret, toDefinition } from '../../config/to-definition.ts';
import { createLog } from '../../node/log.ts';
import type { Listening, Thrum } from '../../thrum-api.ts';
import { createThrum } from '../../thrum.ts';
import { banner } from '../banner.ts';
import { CliError } from '../failure.ts';
import { addOptionFlags, type Flags } from '../flags.ts';
import { note, print } from '../output.ts';
import { watchSignals } from '../shutdown.ts';

const examples = `
Every option is also a field of thrum.config.ts and a variable; flags win over variables, variables over the file.
Secrets have no flag, because every user of a machine can read the command lines of all: THRUM_JWT_SECRET,
THRUM_JWT_PREVIOUS_SECRETS, THRUM_API_KEY, or the file.

The first SIGTERM or SIGINT (Ctrl-C) sends the clients away one after the other and stops; a second one stops at once.

Examples:
  $ thrum start
  $ thrum start --port 8080 --config ./realtime/thrum.config.ts
  $ NODE_ENV=production THRUM_JWT_SECRET=… THRUM_ORIGINS=https://example.com thrum start --host 0.0.0.0`;

/** `thrum start`: a server, until it is told to stop. */
export function configure(command: Command): void {
  addOptionFlags(command).addHelpText('after', examples).action(start);
}

async function start(flags: Flags): Promise<void> {
  const loaded = await requireConfig({ flags, env: process.env, cwd: process.cwd() });
  for (const warning of loaded.warnings) note(`warning: ${warning}`);
  const { config } = loaded;
  const thrum = await build(loaded);
  const untilStopped = watchSignals();
  const listening = await listen(thrum, config);
  // In production standard output is for log lines, and one of them has the address.
  if (config.mode === 'development') print(banner(loaded, listening, thrum.stats().broker));
  process.exitCode = await untilStopped({
    connections: () => thrum.connections().length,
    close: (drainMs) => listening.close({ drainMs }),
    seconds: config.limits.drainSeconds,
  });
}

async function build({ config, definition }: Loaded): Promise<Thrum> {
  const secret = needsDevelopmentSecret(config, definition)
    ? await developmentSecret(config.dataDir)
    : undefined;
  const parts = await toDefinition(config, definition, secret);
  const log =
    definition.log ?? createLog({ level: config.logLevel, readable: config.mode === 'development' });
  try {
    return createThrum({ ...parts, log });
  } catch (error) {
    throw new CliError((error as Error).message, 1, error);
  }
}

async function listen(thrum: Thrum, { host, port, path, tlsCert, tlsKey }: Config): Promise<Listening> {
  const tls = tlsCert === undefined || tlsKey === undefined ? {} : { tls: { cert: tlsCert, key: tlsKey } };
  try {
    const listening = await thrum.listen({ host, port, path, ...tls });
    // What those who renew certificates send; without it the signal ends the process, as it always did.
    if (tlsCert !== undefined) process.on('SIGHUP', () => void listening.reloadCertificate());
    return listening;
  } catch (error) {
    throw new CliError(describe(error, host, port), 1, error);
  }
}

function describe(error: unknown, host: string, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const where = `${host}:${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use by another process: stop it, or choose another port with --port (0 takes a free one)`;
    case 'EACCES':
      return `this user may not listen on ${where}: ports below 1024 need a privilege; choose a higher one with --port`;
    case 'EADDRNOTAVAIL':
      return `${host} is no address of this machine: choose another one with --host`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is no name that this machine can look up: choose another one with --host`;
    default:
      return message;
  }
}
