import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { writeDevCertificate } from '../../http/dev-certificate.ts';
import { loadHere } from '../access.ts';
import { CliError } from '../failure.ts';
import { addConfigFlags, type Flags } from '../flags.ts';
import { note, print } from '../output.ts';

const examples = `
The certificate is for localhost, 127.0.0.1 and ::1 and signs itself: nobody trusts it until they are told to. Whoever has
its key can pretend to be this machine to those who trust it, so keep the key here, and never use it in production.

Examples:
  $ thrum dev-cert
  $ thrum dev-cert --dir ./certs
  $ thrum start --tls-cert ./data/tls/cert.pem --tls-key ./data/tls/key.pem`;

/** `thrum dev-cert`: a certificate for HTTPS and HTTP/2 on this machine. */
export function configure(command: Command): void {
  addConfigFlags(
    command
      .option('--dir <path>', 'Where to write cert.pem and key.pem (default: tls in the data folder)')
      .option('--force', 'Replace what is there'),
  )
    .addHelpText('after', examples)
    .action(makeCertificate);
}

async function makeCertificate(flags: Flags): Promise<void> {
  const { dir } = flags;
  const folder = typeof dir === 'string' ? resolve(dir) : join((await loadHere(flags)).config.dataDir, 'tls');
  try {
    const { certFile, keyFile, validUntil } = await writeDevCertificate(folder, flags['force'] === true);
    print(certFile);
    print(keyFile);
    note(advice(certFile, keyFile, validUntil));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CliError(`there is a key in ${folder} already: use it, or replace it with --force`, 1, error);
    }
    throw new CliError(`no certificate can be written to ${folder}: ${(error as Error).message}`, 1, error);
  }
}

function advice(certFile: string, keyFile: string, validUntil: Date): string {
  return `
Good until ${validUntil.toISOString().slice(0, 10)}, for localhost, 127.0.0.1 and ::1.

  Start      npx thrum start --tls-cert ${certFile} --tls-key ${keyFile}
  Node       NODE_EXTRA_CA_CERTS=${certFile} node …
  curl       curl --cacert ${certFile} https://localhost:3000/healthz
  Chromium   certutil -d sql:$HOME/.pki/nssdb -A -t P,, -n thrum -i ${certFile}   (Linux, package libnss3-tools)
  macOS      security add-trusted-cert -p ssl -k ~/Library/Keychains/login.keychain-db ${certFile}
  Windows    certutil -user -addstore Root ${certFile}
  Firefox    open the page once and accept the certificate`;
}
