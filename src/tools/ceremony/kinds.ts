// The kinds of ceremonies, each a list of steps in their order.

import type { CeremonyKind } from '../../features/ceremony/recorded.ts';
import { ownCommand } from '../../formats/own-command.ts';
import { addressOf } from './address.ts';
import type { Step } from './step.ts';
import { certificates } from './steps/certificates.ts';
import { complete, statement } from './steps/complete.ts';
import { domainFile } from './steps/domain-file.ts';
import { download } from './steps/download.ts';
import { acknowledge, gather } from './steps/packets.ts';
import { readBackCertificates, readBackOne } from './steps/read-back.ts';
import { restore } from './steps/restore.ts';
import { replace, upload } from './steps/take-over.ts';
import { transferKey } from './steps/transfer-key.ts';

const readTransferKey = readBackOne({
  id: 'transfer-read-back',
  title: "Read the transfer key's fingerprint back",
  fact: 'recipient.fingerprint',
  again: 'from the display of the second person, who asks the HSM anew',
  instruction: (ceremony) =>
    `A second person asks the HSM for it from a machine of their own ('${ownCommand(`ceremony transfer-key${addressOf(ceremony)}`)}', ` +
    'there with --url https://HOST and --ca FILE) and reads it aloud. A file that they were sent does not do: whoever can exchange that certificate gets the shares.',
});

export const kinds: Readonly<Record<CeremonyKind, readonly Step[]>> = {
  activation: [certificates, readBackCertificates, download, acknowledge(false), complete(true)],
  recovery: [
    transferKey('/securitydomain/upload'),
    readTransferKey,
    domainFile,
    gather('recover'),
    upload,
    readBackOne({
      id: 'domain-read-back',
      title: "Read the domain's fingerprint back",
      fact: 'domain.fingerprint',
      again: 'from the report of the activation or from paper',
      instruction: () =>
        'Somebody reads the domain fingerprint from the report of the activation or from paper: it tells that the right ' +
        'domain came back.',
    }),
    restore,
    acknowledge(true),
    complete(false),
  ],
  resharing: [
    transferKey('/securitydomain/resharing'),
    readTransferKey,
    certificates,
    readBackCertificates,
    domainFile,
    gather('reshare'),
    replace,
    download,
    acknowledge(false),
    statement(
      'destroy',
      'Destroy the old file',
      'The old domain file goes on opening with the old shares. Destroy every copy of it, and say which, how, and before whom.',
    ),
    complete(true),
  ],
};
