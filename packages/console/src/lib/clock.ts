const minutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** 10:42 */
export function clockTime(at: number): string {
  return minutes.format(at);
}

/** The whole date, for a tooltip. */
export function fullTime(at: number): string {
  return days.format(at);
}

/** 10:42:07.125, local: what one compares two frames by. */
export function preciseTime(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${time}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** 84 B, 1.2 KB */
export function byteSize(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} KB`;
}
