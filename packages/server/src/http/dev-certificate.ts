import { randomBytes, webcrypto } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Integer, OctetString, PrintableString } from 'asn1js';
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  ExtKeyUsage,
  Extension,
  GeneralName,
  GeneralNames,
} from 'pkijs';

/** Object identifiers of RFC 5280 and X.520. */
const oids = {
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** Types of GeneralName (RFC 5280 §4.2.1.6). */
const dnsName = 2;
const ipAddress = 7;

/** `localhost`, 127.0.0.1 and ::1. */
const names: readonly GeneralName[] = [
  new GeneralName({ type: dnsName, value: 'localhost' }),
  new GeneralName({ type: ipAddress, value: addressOf([127, 0, 0, 1]) }),
  new GeneralName({ type: ipAddress, value: addressOf([...Array.from({ length: 15 }, () => 0), 1]) }),
];

/** Apple takes at most 825 days, and a certificate for tests should not need to be made again soon. */
const days = 365;

/** Where a development certificate was written. */
export interface DevCertificate {
  readonly certFile: string;
  /** Readable by its owner only. */
  readonly keyFile: string;
  readonly validUntil: Date;
}

/**
 * Makes a P-256 key and a certificate for this machine that signs itself, and writes both into `folder`.
 * @throws Error with code EEXIST when there is a key already and `replace` is false.
 */
export async function writeDevCertificate(folder: string, replace: boolean): Promise<DevCertificate> {
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const { certificate, validUntil } = await createCertificate(keys);
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  await writeKey(keyFile, toPem('PRIVATE KEY', key), replace);
  await writeFile(certFile, toPem('CERTIFICATE', certificate), { mode: 0o644 });
  return { certFile, keyFile, validUntil };
}

async function createCertificate(
  keys: webcrypto.CryptoKeyPair,
): Promise<{ readonly certificate: ArrayBuffer; readonly validUntil: Date }> {
  const certificate = new Certificate();
  const name = new AttributeTypeAndValue({
    type: oids.commonName,
    value: new PrintableString({ value: 'Thrum development' }),
  });
  // Version 3 is written as 2 (RFC 5280 §4.1.2.1); serial numbers are positive and unpredictable (§4.1.2.2).
  certificate.version = 2;
  certificate.serialNumber = new Integer({ valueHex: Buffer.from([1, ...randomBytes(15)]) });
  certificate.issuer.typesAndValues.push(name);
  certificate.subject.typesAndValues.push(name);
  const now = Date.now();
  // Clocks of phones and virtual machines lag behind.
  certificate.notBefore.value = new Date(now - 3_600_000);
  certificate.notAfter.value = new Date(now + days * 86_400_000);
  certificate.extensions = [
    extension(oids.basicConstraints, new BasicConstraints({ cA: false }), true),
    extension(oids.extendedKeyUsage, new ExtKeyUsage({ keyPurposes: [oids.serverAuth] }), false),
    extension(oids.subjectAltName, new GeneralNames({ names: [...names] }), false),
  ];
  await certificate.subjectPublicKeyInfo.importKey(keys.publicKey);
  await certificate.sign(keys.privateKey, 'SHA-256');
  return { certificate: certificate.toSchema().toBER(), validUntil: certificate.notAfter.value };
}

function extension(
  extnID: string,
  value: BasicConstraints | ExtKeyUsage | GeneralNames,
  critical: boolean,
): Extension {
  return new Extension({ extnID, critical, extnValue: value.toSchema().toBER() });
}

function addressOf(bytes: readonly number[]): OctetString {
  return new OctetString({ valueHex: Uint8Array.from(bytes) });
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** Never readable by others, not even for the moment between creating and restricting it. */
async function writeKey(path: string, pem: string, replace: boolean): Promise<void> {
  const target = replace ? `${path}.${randomBytes(6).toString('hex')}` : path;
  const file = await open(target, 'wx', 0o600);
  try {
    await file.writeFile(pem);
  } finally {
    await file.close();
  }
  if (!replace) return;
  await rename(target, path).catch(async (error: unknown) => {
    await rm(target, { force: true });
    throw error;
  });
}
