/** One sentence for people out of whatever was thrown; the SDK's code in front where there is one. */
export function explain(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const sentence = typeof message === 'string' && message !== '' ? message : String(error);
  return sentences[String(code)] ?? sentence;
}

const sentences: Readonly<Record<string, string>> = {
  timeout: 'The server did not answer in time.',
  expired: 'It waited too long in the queue.',
  queue_full: 'The queue was full, and newer messages took its place.',
  aborted: 'It was cancelled.',
};
