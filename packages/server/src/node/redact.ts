const urlToken = /([?&;](?:token|access_token|key|api[-_]?key)=)[^&#\s"'<>]*/gi;
const bearer = /\b(bearer\s+)[^\s"',;]+/gi;
// A JWS wherever it stands: three base64url parts, the first the encoding of `{"`.
const jws = /\beyJ[\w-]+\.[\w-]*\.[\w-]*/g;
// C0, DEL, C1 (0x9b starts a terminal sequence just as ESC [ does) and the two line ends that JSON lets through.
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The URL without tokens and API keys, which nobody should put there but some will: the rest stays for people to read. */
export function redactUrl(url: string): string {
  return url.replace(urlToken, '$1[redacted]');
}

/** Any text without what looks like a token: in a URL, after `Bearer`, or a JWS on its own. */
export function redactText(text: string): string {
  return redactUrl(text).replace(bearer, '$1[redacted]').replace(jws, '[redacted]');
}

/** Control characters as `\u…`, so that a name from the wire can neither forge a log line nor steer a terminal. */
export function escapeControls(text: string): string {
  return text.replace(control, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
