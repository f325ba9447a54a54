import { describeDefault, type Option } from './option.ts';
import { allOptions, flagOf, variableOf } from './options.ts';

const head = `# Configuration

<!-- Made by \`thrum docs > docs/configuration.md\` from packages/server/src/config/options.ts; a test compares the two. -->

Options are fields of \`thrum.config.ts\` (or \`.js\`, \`.json\`) in the working directory or at \`--config\`, variables, and
flags of \`thrum start\`; one with a dot is a field of an object: \`events: { defaultChannels: ['news'] }\`. A flag wins over a variable, a variable over the file, the file over the default. \`thrum check\`
prints every option with its value and where it came from; \`thrum check --production\` says what production would refuse.

Lists are separated by commas or spaces in variables and flags. A yes-or-no flag is turned off with \`--no-…\`. Relative
paths start from the working directory, in a file from the file's folder. An unknown \`THRUM_…\` variable is an error.
`;

const foot = `
## Only in a file

| Field | What |
|---|---|
| \`channels\` | channel definitions by pattern; production needs them |
| \`methods\` | what clients can \`call\` |
| \`features\` | plug-ins such as \`typing()\` |
| \`hooks\` | the application's ears |
| \`auth\` | a function from token to identity, an Auth, or the options of \`createTokenAuth\`; instead of the jwt options |
| \`validateSession\` | asked every \`validateSeconds\` whether a session is still good |
| \`broker\`, \`store\`, \`log\` | ports of one's own |

Without \`channels\` a development server offers \`chat:{room}\` (presence, 200 publications, 24 hours), \`notifications\` (the
same without presence) and every other name, to everyone, with typing indicators.

\`\`\`ts
import { channel } from 'thrum';

export default {
  port: 8080,
  origins: ['https://example.com'],
  limits: { connections: 50_000 },
  channels: {
    'chat:{room}': channel({ presence: true, authorize: ({ user, params }) => isMember(user.id, params.room) }),
  },
};
\`\`\`

## What production refuses

\`--production\`, \`THRUM_MODE=production\` or \`NODE_ENV=production\` refuses to start without a way to check tokens
(\`jwtSecret\`, \`jwtPublicKey\`, \`jwksUrl\`, \`auth\` or \`webhooks.connectUrl\`), without \`origins\`, without \`channels\`, with \`*\` among the origins,
with a secret or an API key that is too short, and with the secret of the development server. Without \`apiKeys\` it starts,
and the HTTP API is off. A development server refuses to
listen on an address that others can reach unless \`allowRemote\` is on.
`;

/** docs/configuration.md. */
export function renderDocs(): string {
  const all = [...allOptions];
  const isOf =
    (group: string) =>
    ([key]: readonly [string, Option]): boolean =>
      group === '' ? !key.includes('.') : key.startsWith(`${group}.`);
  return [
    head,
    '## Options\n',
    ...table(all.filter(isOf(''))),
    '\n## Webhooks\n',
    'How a backend in any language is asked and told: [webhooks.md](webhooks.md). In a file they are fields of `webhooks`.\n',
    ...table(all.filter(isOf('webhooks'))),
    '\n## Limits\n',
    'Those of PROTOCOL.md §13.\n',
    ...table(all.filter(isOf('limits'))),
    foot,
  ].join('\n');
}

function table(entries: readonly (readonly [string, Option])[]): readonly string[] {
  const rows = entries.map(([key, option]) => {
    const flag = flagOf(key, option);
    const names = [
      `\`${key}\``,
      `\`${variableOf(key, option)}\``,
      flag === undefined ? 'none' : `\`${flag}\``,
    ];
    return `| ${[...names, describeDefault(option), option.unit ?? '', option.help].join(' | ')} |`;
  });
  return ['| Option | Variable | Flag | Default | Unit | What |', '|---|---|---|---|---|---|', ...rows];
}
