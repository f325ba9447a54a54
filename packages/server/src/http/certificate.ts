import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** Certificate and private key of a server, each as PEM text or as the path of a file with it. */
export interface TlsOptions {
  /** The certificate, followed by those that lead from it to a root. */
  readonly cert: string;
  readonly key: string;
}

/** A pair that TLS takes. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** @throws Error saying which of the two cannot be read, or why they do not work together. */
export async function readCertificate({ cert, key }: TlsOptions): Promise<Certificate> {
  const pair = { cert: await readPem('cert', cert), key: await readPem('key', key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new Error(`tls: the certificate and its key cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return pair;
}

async function readPem(name: keyof TlsOptions, input: string): Promise<string> {
  if (input.includes('-----BEGIN')) return input;
  try {
    return await readFile(input, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `tls.${name}: expected PEM text or the path of a PEM file; ${input} cannot be read (${code})`,
      {
        cause: error,
      },
    );
  }
}
