// `strongroom application certificate remove`: nobody signs in with that certificate any more.
import {
  fingerprintOf,
  readAddedCertificates,
  writeAddedCertificates,
} from '../../../../control/directory/added-certificates.ts';
import { places } from '../../../../deployment/data-layout.ts';
import { CommandError, command, dataOption, UsageError } from '../../../command.ts';
import { dataRootOf } from '../../../running.ts';
import { applicationNamed } from '../../identity/named-application.ts';
import { directoryOf } from '../../identity/named-identity.ts';

export const removeCertificate = command({
  name: 'application certificate remove',
  summary: 'let an application sign in with a certificate no longer',
  operands: 'APP FINGERPRINT',
  details: `
FINGERPRINT is the SHA-256 that 'application certificate list' shows. Tokens that were given work until they expire, an
hour at most; to stop those too, take the application's role assignments away.`,
  options: dataOption,
  examples: ['strongroom application certificate remove strongroom-dev-consumer 5D0C…'],
  async run({ data }, operands, terminal) {
    const [name, given, spare] = operands;
    if (name === undefined || given === undefined || spare !== undefined) {
      throw new UsageError('name an application and the fingerprint of a certificate');
    }
    const { control } = places(dataRootOf(data));
    const { appId, displayName } = applicationNamed(await directoryOf(control), name);
    const fingerprint = given.replaceAll(':', '').toUpperCase();
    const before = await readAddedCertificates(control);
    const rest = before.filter((each) => each.application !== appId || fingerprintOf(each.pem) !== fingerprint);
    if (rest.length === before.length) {
      throw new CommandError(`no certificate with that fingerprint was added to ${displayName}`);
    }
    await writeAddedCertificates(control, rest);
    terminal.out(`${displayName} does not sign in with it any more\n`);
    return 0;
  },
});
