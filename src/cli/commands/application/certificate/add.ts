// `strongroom application certificate add`: an application of the development directory signs in with a certificate.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  fingerprintOf,
  readAddedCertificates,
  writeAddedCertificates,
} from '../../../../control/directory/added-certificates.ts';
import { places } from '../../../../deployment/data-layout.ts';
import { printableJson } from '../../../../formats/printable.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../../command.ts';
import { dataRootOf } from '../../../running.ts';
import { applicationNamed } from '../../identity/named-application.ts';
import { directoryOf } from '../../identity/named-identity.ts';

export const addCertificate = command({
  name: 'application certificate add',
  summary: 'let an application of the development directory sign in with a certificate',
  operands: 'APP FILE',
  details: `
APP is the display name or client id of an application. FILE holds its certificate in PEM, with an RSA key; if the
private key is in the same file, it is not taken. The application signs in with that key, beside its secrets. It holds
at once.`,
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom application certificate add strongroom-dev-consumer consumer.pem'],
  async run({ data, json }, operands, terminal) {
    const [name, file, spare] = operands;
    if (name === undefined || file === undefined || spare !== undefined) {
      throw new UsageError('name an application and the file of its certificate');
    }
    const { control } = places(dataRootOf(data));
    const application = applicationNamed(await directoryOf(control), name);
    const pem = certificateIn(file);
    const fingerprint = fingerprintOf(pem);
    const before = await readAddedCertificates(control);
    const isThere = before.some(
      (each) => each.application === application.appId && fingerprintOf(each.pem) === fingerprint,
    );
    if (!isThere) await writeAddedCertificates(control, [...before, { application: application.appId, pem }]);
    if (json) terminal.out(printableJson({ application: application.appId, fingerprint }));
    else terminal.out(`${application.displayName} signs in with the certificate ${fingerprint}\n`);
    return 0;
  },
});

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
