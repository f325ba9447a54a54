import { readDevelopmentSecret } from '../auth/development-secret.ts';
import { secretProblem } from '../auth/keys.ts';
import { apiKeyProblem } from '../http/api/access.ts';
import { asksWhoConnects, isOpenToAll, webhookLocations, webhookProblems } from '../webhooks/options.ts';
import type { Config, Problem, Setting } from './config.ts';
import type { Definition } from './definition.ts';

/** What the rules look at. */
export interface Candidate {
  readonly config: Config;
  readonly definition: Definition;
  readonly settings: ReadonlyMap<string, Setting>;
}

export interface Verdict {
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** The rules that concern several options at once. */
export async function checkRules(candidate: Candidate): Promise<Verdict> {
  const { config } = candidate;
  const verdicts = [
    authentication(candidate),
    http(candidate),
    cookies(candidate),
    limits(candidate),
    webhooks(candidate),
    config.mode === 'production' ? await production(candidate) : development(candidate),
  ];
  return {
    problems: verdicts.flatMap(({ problems }) => problems),
    warnings: verdicts.flatMap(({ warnings }) => warnings),
  };
}

function placeOf({ settings }: Candidate, key: string): string {
  const place = settings.get(key)?.given.place;
  return place === undefined || place === 'default' ? key : place;
}

/** Options that mean nothing beside a file's own `auth`; `anonymous` still counts where that is a function. */
const keyOptions = ['jwtSecret', 'jwtPreviousSecrets', 'jwtPublicKey', 'jwksUrl'] as const;
const tokenOptions = [...keyOptions, 'jwtIssuer', 'jwtAudience', 'jwtUserClaim'] as const;

function given({ settings }: Candidate, keys: readonly string[]): readonly string[] {
  return keys.filter((key) => settings.get(key)?.given.kind !== 'default');
}

function authentication(candidate: Candidate): Verdict {
  const { config, definition } = candidate;
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const isProduction = config.mode === 'production';
  const secrets = [
    ...(config.jwtSecret === undefined ? [] : [['jwtSecret', config.jwtSecret] as const]),
    ...config.jwtPreviousSecrets.map((secret) => ['jwtPreviousSecrets', secret] as const),
  ];
  for (const [key, secret] of secrets) {
    const message = secretProblem(secret, isProduction);
    if (message !== undefined) problems.push({ place: placeOf(candidate, key), message });
    else if (secretProblem(secret, true) !== undefined) {
      warnings.push(`${placeOf(candidate, key)} is shorter than 32 bytes and would be refused in production`);
    }
  }
  const decider = deciderOf(candidate);
  const ignored = typeof definition.auth === 'object' ? [...tokenOptions, 'anonymous'] : tokenOptions;
  for (const key of decider === undefined ? [] : given(candidate, ignored)) {
    problems.push({ place: placeOf(candidate, key), message: `would be ignored: ${decider} decides alone` });
  }
  return { problems, warnings };
}

function http(candidate: Candidate): Verdict {
  const { mode, apiKeys, tlsCert, tlsKey } = candidate.config;
  const problems: Problem[] = [];
  for (const key of apiKeys) {
    const message = apiKeyProblem(key, mode === 'production');
    if (message !== undefined) problems.push({ place: placeOf(candidate, 'apiKeys'), message });
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    const [missing, other] = tlsCert === undefined ? ['tlsCert', 'tlsKey'] : ['tlsKey', 'tlsCert'];
    problems.push({
      place: missing,
      message: `expected a path beside ${placeOf(candidate, other)}, got nothing`,
    });
  }
  return { problems, warnings: [] };
}

function cookies(candidate: Candidate): Verdict {
  const { origins, tokenCookie } = candidate.config;
  if (tokenCookie === undefined || origins?.includes('*') !== true) return { problems: [], warnings: [] };
  const message = 'expected a list of origins beside it, got *: any page could act as its visitors';
  return { problems: [{ place: placeOf(candidate, 'tokenCookie'), message }], warnings: [] };
}

/** Who decides in place of the jwt options. */
function deciderOf({ config, definition }: Candidate): string | undefined {
  if (definition.auth !== undefined) return 'the auth of the configuration file';
  return asksWhoConnects(config.webhooks) ? 'the connect webhook' : undefined;
}

function webhooks(candidate: Candidate): Verdict {
  const { config, definition } = candidate;
  const problems = webhookProblems(config.webhooks).map(({ option, message }) => ({
    place: placeOf(candidate, `webhooks.${option}`),
    message,
  }));
  if (asksWhoConnects(config.webhooks)) {
    const message = 'would be ignored: the connect webhook decides who connects';
    const others = (['auth', 'validateSession'] as const).filter((key) => definition[key] !== undefined);
    problems.push(...others.map((place) => ({ place, message })));
  }
  const open = webhookLocations(config.webhooks).filter(isOpenToAll);
  const warnings = open.map(
    (location) =>
      `webhooks go to ${new URL(location).origin} without TLS: who is on the way reads tokens and gives answers`,
  );
  return { problems, warnings };
}

function limits(candidate: Candidate): Verdict {
  const { messageBytes, outboxBytes, pingSeconds, deadSeconds } = candidate.config.limits;
  const problems: Problem[] = [];
  if (deadSeconds <= pingSeconds) {
    const message = `expected more than pingSeconds (${pingSeconds}), got ${deadSeconds}: every quiet connection would be given up`;
    problems.push({ place: placeOf(candidate, 'limits.deadSeconds'), message });
  }
  if (outboxBytes < messageBytes) {
    const message = `expected at least messageBytes (${messageBytes}), got ${outboxBytes}: the largest message would never arrive`;
    problems.push({ place: placeOf(candidate, 'limits.outboxBytes'), message });
  }
  return { problems, warnings: [] };
}

async function production(candidate: Candidate): Promise<Verdict> {
  const { config, definition } = candidate;
  const problems: Problem[] = [...(await productionKeys(candidate))];
  const warnings: string[] = [];
  if (config.origins === undefined || config.origins.length === 0) {
    const message =
      'production needs the list of web pages that may connect: set origins (THRUM_ORIGINS, --origins), for example https://example.com';
    problems.push({ place: placeOf(candidate, 'origins'), message });
  } else if (config.origins.includes('*')) {
    const message = 'expected a list of origins in production, got *: any page could act as your users';
    problems.push({ place: placeOf(candidate, 'origins'), message });
  }
  if (definition.channels === undefined || Object.keys(definition.channels).length === 0) {
    const message =
      'production needs to know the channels and who may use them: define channels in thrum.config.ts (see --config)';
    problems.push({ place: 'channels', message });
  }
  for (const origin of config.origins ?? []) {
    if (origin.startsWith('http:')) warnings.push(`origin ${origin} is served without TLS`);
  }
  if (config.anonymous) warnings.push('anonymous is on: connections without a token may stay');
  if (config.playground) warnings.push('playground is on: anyone who reaches this server sees its page at /');
  return { problems, warnings };
}

async function productionKeys(candidate: Candidate): Promise<readonly Problem[]> {
  const { config } = candidate;
  if (deciderOf(candidate) !== undefined) return [];
  const current =
    config.jwtSecret !== undefined || config.jwtPublicKey.length > 0 || config.jwksUrl !== undefined;
  if (!current && given(candidate, keyOptions).length === 0) {
    const message =
      'production needs a way to check tokens: set jwtSecret (THRUM_JWT_SECRET), jwtPublicKey (THRUM_JWT_PUBLIC_KEY) ' +
      'or jwksUrl (THRUM_JWKS_URL), define auth in thrum.config.ts, or ask a backend (webhooks.connectUrl)';
    return [{ place: 'authentication', message }];
  }
  const development = await readDevelopmentSecret(config.dataDir).catch(() => undefined);
  const message =
    'expected a secret of its own in production, got the one from the development server (dev-secret)';
  const leaked =
    development !== undefined && [config.jwtSecret, ...config.jwtPreviousSecrets].includes(development);
  return leaked ? [{ place: placeOf(candidate, 'jwtSecret'), message }] : [];
}

function development(candidate: Candidate): Verdict {
  const { config } = candidate;
  if (isLoopback(config.host)) return { problems: [], warnings: [] };
  if (config.allowRemote) {
    const warning = `this development server listens on ${config.host}: whoever reaches it may do everything`;
    return { problems: [], warnings: [warning] };
  }
  const message =
    `expected a loopback address in development, got ${JSON.stringify(config.host)}: everybody who reaches a ` +
    'development server may do everything. Use --production, or --allow-remote (THRUM_ALLOW_REMOTE) if that is what you want';
  return { problems: [{ place: placeOf(candidate, 'host'), message }], warnings: [] };
}

/** Whether only this machine can reach an address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
