/** 128 random bits as hex. `crypto.randomUUID` exists only in secure contexts, which a LAN address over http is not. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const tempers = [
  'Amber',
  'Brisk',
  'Calm',
  'Clever',
  'Gentle',
  'Keen',
  'Lucky',
  'Mellow',
  'Nimble',
  'Quiet',
  'Sunny',
  'Witty',
];
const animals = [
  'Badger',
  'Crane',
  'Finch',
  'Fox',
  'Heron',
  'Lynx',
  'Marten',
  'Otter',
  'Owl',
  'Robin',
  'Seal',
  'Wren',
];

/** A name nobody has to think up, such as “Nimble Otter”. */
export function friendlyName(random: () => number = Math.random): string {
  return `${pick(tempers, random)} ${pick(animals, random)}`;
}

function pick(words: readonly string[], random: () => number): string {
  return words[Math.floor(random() * words.length)] ?? words[0] ?? '';
}
