import { timingSafeEqual } from 'node:crypto';
import type { WebhookRequest } from './payloads.ts';
import { digestOf, headerNames, webhookKey } from './signature.ts';

/** The headers of a request: Node's `request.headers`, or a `Headers` of fetch. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | { get(name: string): string | null };

export interface VerifyWebhookOptions {
  /** The secret, `whsec_…`; several while it is being changed, of which one has to fit. */
  readonly secrets: string | readonly string[];
  /** How far the time of the request may be from this machine's, in seconds, either way. Default 300. */
  readonly toleranceSeconds?: number;
}

/** A request that is from Thrum. */
export interface VerifiedWebhook {
  /** The same for every try: who has seen it already answers 200 and does nothing. */
  readonly id: string;
  readonly request: WebhookRequest;
}

/** Why a request was not accepted. */
export class WebhookVerificationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WebhookVerificationError';
  }
}

/**
 * Checks on the receiving side that a request was signed with one of the secrets and is not old (Standard Webhooks 1.0).
 * @param body as it came over the wire, before anybody parsed it: one other byte is another signature.
 * @throws WebhookVerificationError for a request that must not be believed; TypeError for a secret that is none.
 */
export function verifyWebhook(
  headers: WebhookHeaders,
  body: string | Uint8Array,
  { secrets, toleranceSeconds = 300 }: VerifyWebhookOptions,
): VerifiedWebhook {
  const keys = (typeof secrets === 'string' ? [secrets] : secrets).map(webhookKey);
  const id = read(headers, headerNames.id);
  const timestamp = read(headers, headerNames.timestamp);
  const signatures = read(headers, headerNames.signature);
  if (!/^\d{1,12}$/.test(timestamp)) {
    throw new WebhookVerificationError(`expected ${headerNames.timestamp} in whole seconds since 1970`);
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
  const expected = keys.map((key) => digestOf(key, id, timestamp, bytes));
  const fits = signatures
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'))
    .some((given) => expected.some((one) => one.length === given.length && timingSafeEqual(one, given)));
  if (!fits) throw new WebhookVerificationError('no signature fits: another secret, or a changed body');
  // Only now: who cannot sign gets to know nothing of the clock.
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceSeconds)) {
    throw new WebhookVerificationError(`the request is more than ${toleranceSeconds} s away from this clock`);
  }
  return { id, request: JSON.parse(bytes.toString('utf8')) as WebhookRequest };
}

function read(headers: WebhookHeaders, name: string): string {
  const { get } = headers;
  const value =
    typeof get === 'function' ? get.call(headers, name) : (headers as Record<string, unknown>)[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new WebhookVerificationError(`expected one ${name} header`);
}
