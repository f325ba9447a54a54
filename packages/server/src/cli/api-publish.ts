import { CliError, exitCodes, noAnswer, noServer } from './failure.ts';

/** Where a server's HTTP API is, and a key that opens it. */
export interface ApiAccess {
  /** The address of the server; operations are beside its last segment. */
  readonly url: string;
  readonly key: string;
}

export interface Publishing {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  readonly id?: string | undefined;
  /** Milliseconds to wait for the answer. */
  readonly timeout: number;
}

/** Publishes as the server, in one request. @throws CliError for a refusal, or where no server answers. */
export async function publishByApi({ url, key }: ApiAccess, publishing: Publishing): Promise<object> {
  const { channel, event, data, id, timeout } = publishing;
  const target = new URL(`channels/${encodeURIComponent(channel)}/messages`, url);
  const headers = {
    Authorization: `Bearer ${key}`,
    'Content-Type': 'application/json',
    ...(id === undefined ? {} : { 'Idempotency-Key': quoted(id) }),
  };
  const request = { method: 'POST', headers, body: JSON.stringify({ event, data }) };
  const signal = AbortSignal.timeout(timeout);
  try {
    // A key is for the server that was named, not for where that sends us.
    const response = await fetch(target, { ...request, signal, redirect: 'error' });
    const answer = (await response.json()) as Record<string, unknown>;
    if (response.ok) return answer;
    throw refusal(target.host, response.status, answer);
  } catch (error) {
    throw error instanceof CliError ? error : failure(target.host, error);
  }
}

/** RFC 9651 §3.3.3; any id fits, whatever it begins with. */
function quoted(id: string): string {
  return `"${id.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function refusal(host: string, status: number, { detail, code }: Record<string, unknown>): CliError {
  const sentence = typeof detail === 'string' ? detail.replace(/\.$/, '') : `status ${status}`;
  return new CliError(`refused by ${host}: ${sentence} (${typeof code === 'string' ? code : status})`);
}

function failure(host: string, error: unknown): CliError {
  if ((error as Error).name === 'TimeoutError') return noAnswer(host, error);
  if (error instanceof SyntaxError) {
    return new CliError(
      `${host} answered with something else than JSON; is it a Thrum server?`,
      exitCodes.failed,
      error,
    );
  }
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return noServer(host, code === 'ECONNREFUSED' ? undefined : code, error);
}
