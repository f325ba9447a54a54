import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Looks a name up, as `dns.lookup` does with `all`. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: readonly Address[]) => void,
) => void;

interface Address {
  readonly address: string;
  readonly family: number;
}

/** This machine: what a development server may call without being told. */
export const loopback: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** Ranges that a host name in `allowPrivate` opens: networks of one's own. */
const own = listOf([
  ...loopback,
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
]);

/**
 * What is no address of the public internet (RFC 6890 and the registries of special-purpose addresses). Of IPv6 that is
 * everything outside 2000::/3, so IPv4 in IPv6's clothes (::ffff:0:0/96, 64:ff9b::/96) too, and in it what leads elsewhere.
 */
const special = listOf([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  '4000::/2',
  '8000::/1',
]);

/** An address that must not be called. */
export class AddressRefused extends Error {
  constructor(hostname: string) {
    super(
      `${hostname} is at an address of a private or special network: name the host or its range in webhooks.allowPrivate if that is meant`,
    );
    this.name = 'AddressRefused';
  }
}

/** Which addresses may be called. What is checked is what the socket then connects to: see {@link lookup}. */
export class AddressRules {
  private readonly hosts: ReadonlySet<string>;
  private readonly ranges: Ranges;
  private readonly resolve: Resolve;

  /** @param resolve is there for tests that play a hostile name server. */
  constructor(allowPrivate: readonly string[], resolve: Resolve = lookup as Resolve) {
    const isRange = (entry: string): boolean => rangeOf(entry) !== undefined;
    this.hosts = new Set(allowPrivate.filter((entry) => !isRange(entry)).map((host) => host.toLowerCase()));
    this.ranges = listOf(allowPrivate.filter(isRange));
    this.resolve = resolve;
  }

  /** Whether `address`, which `hostname` resolved to or is, may be called. */
  allows(hostname: string, address: string): boolean {
    if (isIP(address) === 0) return false;
    if (!special.has(address) || this.ranges.has(address)) return true;
    return this.hosts.has(hostname.toLowerCase()) && own.has(address);
  }

  /**
   * A `lookup` for sockets. It is asked once for each connection, and the socket takes its address from what this returns:
   * a name server that gives another answer the next time is not asked a next time.
   */
  readonly lookup: LookupFunction = (hostname, options, done) => {
    this.resolve(hostname, { all: true }, (error, found) => {
      if (error !== null) {
        done(error, []);
        return;
      }
      const { family } = options;
      const allowed = found.filter(({ address }) => this.allows(hostname, address));
      const wanted = allowed.filter((one) => family === undefined || family === 0 || one.family === family);
      const [first] = wanted;
      if (first === undefined) done(new AddressRefused(hostname), []);
      else if (options.all === true) done(null, wanted);
      else done(null, first.address, first.family);
    });
  };
}

/** What is wrong with an entry of `allowPrivate`. */
export function allowPrivateProblem(entry: string): string | undefined {
  if (rangeOf(entry) !== undefined || /^(?!.*\/)(?![\d.]+$)[a-z\d_-]+(\.[a-z\d_-]+)*$/i.test(entry))
    return undefined;
  return `expected a host name, an address, or a range such as 10.0.0.0/8, got ${JSON.stringify(entry)}`;
}

interface Range {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

function rangeOf(entry: string): Range | undefined {
  const [address = '', bits] = entry.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  if (family === 0 || address.includes('%') || (bits !== undefined && !/^\d{1,3}$/.test(bits)))
    return undefined;
  const wanted = bits === undefined ? most : Number(bits);
  if (wanted > most || entry.split('/').length > 2) return undefined;
  return { address, bits: wanted, family: family === 4 ? 'ipv4' : 'ipv6' };
}

/** Ranges of both families, each asked only of its own: a BlockList would take 10.0.0.1 for a part of ::/3. */
interface Ranges {
  has(address: string): boolean;
}

function listOf(entries: readonly string[]): Ranges {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const entry of entries) {
    const range = rangeOf(entry);
    if (range !== undefined) lists[range.family].addSubnet(range.address, range.bits, range.family);
  }
  return {
    has(given) {
      const [address = ''] = given.split('%');
      return isIP(address) === 4 ? lists.ipv4.check(address) : lists.ipv6.check(address, 'ipv6');
    },
  };
}
