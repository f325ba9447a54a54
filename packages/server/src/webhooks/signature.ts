import { createHmac } from 'node:crypto';

/** Headers, signed text and secrets as Standard Webhooks 1.0 has them, for which receivers have libraries. */
export const headerNames = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const;

const prefix = 'whsec_';
const [leastBytes, mostBytes] = [24, 64];

/** What is wrong with a secret; never says anything of its contents. */
export function webhookSecretProblem(secret: string): string | undefined {
  const encoded = secret.slice(prefix.length);
  const isBase64 = /^[+/\dA-Za-z]+={0,2}$/.test(encoded) && encoded.length % 4 === 0;
  const { length } = Buffer.from(encoded, 'base64');
  if (secret.startsWith(prefix) && isBase64 && length >= leastBytes && length <= mostBytes) return undefined;
  return `expected ${prefix} and ${leastBytes} to ${mostBytes} random bytes in base64, as \`echo "${prefix}$(openssl rand -base64 32)"\` makes it`;
}

/** The key in a secret. @throws TypeError for one that is none. */
export function webhookKey(secret: string): Buffer {
  const problem = webhookSecretProblem(secret);
  if (problem !== undefined) throw new TypeError(`webhook secret: ${problem}`);
  return Buffer.from(secret.slice(prefix.length), 'base64');
}

/** HMAC-SHA256 over id, timestamp and body, joined by full stops. */
export function digestOf(key: Buffer, id: string, timestamp: string, body: string | Buffer): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

/** The three headers. One signature for each key: while a secret is changed, receivers may know either. */
export function signedHeaders(
  keys: readonly Buffer[],
  id: string,
  seconds: number,
  body: Buffer,
): Readonly<Record<string, string>> {
  const timestamp = String(seconds);
  const signatures = keys.map((key) => `v1,${digestOf(key, id, timestamp, body).toString('base64')}`);
  return {
    [headerNames.id]: id,
    [headerNames.timestamp]: timestamp,
    [headerNames.signature]: signatures.join(' '),
  };
}
