/** Ends a line of `text/event-stream`: CRLF, LF or CR (HTML §9.2.5). */
const lineEnd = /\r\n|\n|\r/;

/** What would end a line early, or, in an id, make a browser ignore it. */
const breaksLine = /[\r\n\u0000]/;

/**
 * One event without its `id` and without the empty line that ends it. Data with line ends is split over as many `data` lines;
 * the browser joins them with LF.
 * @param event left out for `message`, the default of EventSource.
 * @throws TypeError for an event name with CR, LF or NUL, which PROTOCOL.md §5 has none of.
 */
export function eventLines(event: string, data: string): string {
  const name = event === 'message' ? '' : `event: ${checkLine('event', event)}\n`;
  return name + dataLines(data);
}

/** `data` lines alone. */
export function dataLines(data: string): string {
  return data
    .split(lineEnd)
    .map((line) => `data: ${line}\n`)
    .join('');
}

/** The end of an event: its id and an empty line. @throws TypeError for an id with CR, LF or NUL. */
export function idLine(id: string): string {
  return `id: ${checkLine('id', id)}\n\n`;
}

/** Tells the client how long to wait before it comes back; stands alone or before an event. */
export function retryLine(ms: number): string {
  return `retry: ${Math.round(ms)}\n`;
}

/** What a proxy sees pass, and a client ignores. */
export const heartbeat: string = ':heartbeat\n\n';

function checkLine(field: string, value: string): string {
  if (!breaksLine.test(value)) return value;
  throw new TypeError(`${field}: expected one line without NUL, got ${JSON.stringify(value)}`);
}
