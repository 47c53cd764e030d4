// `strongroom application certificate …`: certificates that applications of the development directory sign in with.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  fingerprintOf,
  readAddedCertificates,
  writeAddedCertificates,
} from '../../control/directory/added-certificates.ts';
import { printableLine } from '../../formats/printable.ts';
import { type Command, CommandError, command, dataOption, jsonOption } from '../command.ts';
import { applicationNamed, openDirectory } from '../directory.ts';

export const commands: readonly Command[] = [
  command({
    name: 'application certificate add',
    summary: 'let an application of the development directory sign in with a certificate',
    operands: 'APP FILE',
    wants: 'name an application and the file of its certificate',
    details: `
APP is the display name or client id of an application. FILE holds its certificate in PEM, with an RSA key; if the
private key is in the same file, it is not taken. The application signs in with that key, beside its secrets. It holds
at once.`,
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom application certificate add strongroom-dev-consumer consumer.pem'],
    async run({ data }, [name, file]) {
      const { folder, directory } = await openDirectory(data);
      const { appId, displayName } = applicationNamed(directory, name);
      const pem = certificateIn(file);
      const fingerprint = fingerprintOf(pem);
      const before = await readAddedCertificates(folder);
      const isThere = before.some((each) => each.application === appId && fingerprintOf(each.pem) === fingerprint);
      if (!isThere) await writeAddedCertificates(folder, [...before, { application: appId, pem }]);
      const text = `${displayName} signs in with the certificate ${fingerprint}\n`;
      return { json: { application: appId, fingerprint }, text };
    },
  }),
  command({
    name: 'application certificate list',
    summary: 'show the certificates that applications of the development directory sign in with',
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom application certificate list'],
    async run({ data }) {
      const { folder, directory } = await openDirectory(data);
      const added = await readAddedCertificates(folder);
      const rows = directory.applications.flatMap(({ appId, displayName, certificates }) =>
        [
          ...certificates.map(({ pem }) => ({ pem, from: 'directory' })),
          ...added.filter(({ application }) => application === appId).map(({ pem }) => ({ pem, from: 'command' })),
        ].map(({ pem, from }) => {
          const { subject, validToDate } = new X509Certificate(pem);
          return {
            application: displayName,
            appId,
            fingerprint: fingerprintOf(pem),
            subject: printableLine((subject ?? '').replaceAll('\n', ', ')),
            until: validToDate.toISOString(),
            from,
          };
        }),
      );
      const lines = rows.map(
        ({ application, fingerprint, subject, until, from }) =>
          `${application}  ${fingerprint}  (${from})\n  ${subject}, until ${until}\n`,
      );
      return { json: rows, text: lines.join('') || 'no application signs in with a certificate\n' };
    },
  }),
  command({
    name: 'application certificate remove',
    summary: 'let an application sign in with a certificate no longer',
    operands: 'APP FINGERPRINT',
    wants: 'name an application and the fingerprint of a certificate',
    details: `
FINGERPRINT is the SHA-256 that 'application certificate list' shows. Tokens that were given work until they expire, an
hour at most; to stop those too, take the application's role assignments away.`,
    options: dataOption,
    examples: ['strongroom application certificate remove strongroom-dev-consumer 5D0C…'],
    async run({ data }, [name, given]) {
      const { folder, directory } = await openDirectory(data);
      const { appId, displayName } = applicationNamed(directory, name);
      const fingerprint = given.replaceAll(':', '').toUpperCase();
      const before = await readAddedCertificates(folder);
      const rest = before.filter((each) => each.application !== appId || fingerprintOf(each.pem) !== fingerprint);
      if (rest.length === before.length) {
        throw new CommandError(`no certificate with that fingerprint was added to ${displayName}`);
      }
      await writeAddedCertificates(folder, rest);
      return `${displayName} does not sign in with it any more\n`;
    },
  }),
];

/** @returns the certificate alone, in PEM @throws CommandError */
function certificateIn(file: string): string {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(file));
  } catch (cause) {
    throw new CommandError(`${file} holds no certificate that can be read`, { cause });
  }
  if (certificate.publicKey.asymmetricKeyType !== 'rsa') {
    throw new CommandError(`the certificate of ${file} has no RSA key, and clients sign in with RS256 or PS256`);
  }
  if (certificate.validToDate.getTime() <= Date.now()) throw new CommandError(`the certificate of ${file} has expired`);
  return certificate.toString();
}
