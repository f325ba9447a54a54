import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { writeDevCertificate } from '../../src/http/dev-certificate.ts';
import { startServer } from '../support.ts';
import { channels } from './api/support.ts';
import { ask, folder, openSession, speakTls, startSecure, tls, useCertificate } from './secure-support.ts';

useCertificate();

describe('a development certificate', () => {
  it('is for this machine, with a key that only its owner can read', async () => {
    expect((await stat(join(folder, 'key.pem'))).mode & 0o777).toBe(0o600);
    await using server = await startSecure();
    for (const host of ['localhost', '127.0.0.1']) {
      await using found = await openSession(`https://${host}:${server.port}`);
      expect(found.session.encrypted).toBe(true);
    }
    const socket = await speakTls(server.port);
    const { subjectaltname, asn1Curve } = socket.getPeerCertificate();
    expect({ subjectaltname, asn1Curve }).toEqual({
      subjectaltname: 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
      asn1Curve: 'prime256v1',
    });
    socket.destroy();
  });

  it('is not replaced unless that was asked for', async () => {
    const own = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await using _own = { [Symbol.asyncDispose]: () => rm(own, { recursive: true }) };
    await writeDevCertificate(own, false);
    const before = await readFile(join(own, 'key.pem'), 'utf8');
    await expect(writeDevCertificate(own, false)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(join(own, 'key.pem'), 'utf8')).toBe(before);
    await writeDevCertificate(own, true);
    expect(await readFile(join(own, 'key.pem'), 'utf8')).not.toBe(before);
    expect((await stat(join(own, 'key.pem'))).mode & 0o777).toBe(0o600);
  });
});

describe('the certificate', () => {
  it('is read again when it was renewed; a pair that does not fit leaves the old one', async () => {
    const own = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await using _own = { [Symbol.asyncDispose]: () => rm(own, { recursive: true }) };
    await writeDevCertificate(own, false);
    const files = { cert: join(own, 'cert.pem'), key: join(own, 'key.pem') };
    await using server = await startServer({ channels });
    const { app, lines } = server;
    const listening = await app.listen({ port: 0, tls: files });
    const serial = async () => {
      const socket = connectTls({ port: listening.port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const first = await serial();
    await listening.reloadCertificate();
    expect(await serial()).toBe(first);

    await copyFile(join(folder, 'cert.pem'), files.cert);
    await listening.reloadCertificate();
    expect(await serial()).toBe(first);
    expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContain(
      'the certificate was not renewed: the one before stays',
    );

    await copyFile(join(folder, 'key.pem'), files.key);
    await listening.reloadCertificate();
    expect(await serial()).not.toBe(first);
  });

  it('may be given as text', async () => {
    const [cert, privateKey] = await Promise.all(
      [tls().cert, tls().key].map((file) => readFile(file, 'utf8')),
    );
    await using server = await startSecure({}, { tls: { cert: cert ?? '', key: privateKey ?? '' } });
    await using found = await openSession(server.httpUrl);
    expect((await ask(found.session, { ':path': '/healthz' })).status).toBe(200);
  });

  it('that cannot be used is refused with what is wrong', async () => {
    const files = tls();
    await expect(startSecure({}, { tls: { ...files, cert: join(folder, 'none.pem') } })).rejects.toThrow(
      /^tls\.cert: expected PEM text or the path of a PEM file; .*none\.pem cannot be read \(ENOENT\)$/,
    );
    const other = await mkdtemp(join(tmpdir(), 'thrum-tls-'));
    await using _other = { [Symbol.asyncDispose]: () => rm(other, { recursive: true }) };
    await writeDevCertificate(other, false);
    await expect(startSecure({}, { tls: { ...files, key: join(other, 'key.pem') } })).rejects.toThrow(
      /^tls: the certificate and its key cannot be used: /,
    );
    const broken = join(other, 'broken.pem');
    await writeFile(broken, 'nothing');
    await expect(startSecure({}, { tls: { ...files, cert: broken } })).rejects.toThrow(/cannot be used/);
  });
});
