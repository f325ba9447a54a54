/**
 * A short stand-in for a body, to tell a repeat from another message under the same id. Two 32-bit FNV-1a runs over the
 * text with its length: no defence against someone who looks for a collision, who would only find their own message unsent.
 */
export function fingerprint(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x97c29b3a;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + i), 0x01000193);
  }
  return `${text.length.toString(36)}.${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`;
}
