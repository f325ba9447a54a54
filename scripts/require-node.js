// Plain JavaScript on purpose: it runs before anything that an old Node could not even parse, so that the first
// thing a newcomer reads is the version and not a syntax error.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);

const supported = engines.node.split('||').some((part) => {
  const [, operator, wantedMajor, wantedMinor] = /^\s*(\^|>=)(\d+)\.(\d+)\s*$/.exec(part);
  if (major === Number(wantedMajor)) return minor >= Number(wantedMinor);
  return operator === '>=' && major > Number(wantedMajor);
});

if (!supported) {
  process.stderr.write(
    `Thrum needs Node ${engines.node}; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'On Linux x64, `npm install` brings a fitting one and every `npm run` uses it. ' +
      'Elsewhere install Node 24 from https://nodejs.org.\n',
  );
  process.exit(1);
}
