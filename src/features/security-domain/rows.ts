// The rows of the security domain. Taking it and taking one over are the only ones that work before activation.
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { type SecurityDomainRecord, securityDomainKind } from './activation.ts';
import { pendingAt } from './pending-at.ts';
import { begin, NO_LONGER_BEGUN } from './pending-ceremony.ts';
import { type Download, readDownload } from './read-download.ts';
import { resharingRows } from './resharing-rows.ts';
import {
  checkActivation,
  custodyDetail,
  describeCustody,
  domainDetail,
  type SecurityDomainService,
} from './service.ts';
import { uploadRows } from './upload-rows.ts';

const DONE = { status: 'Success', status_details: '' };

export function securityDomainRows(service: SecurityDomainService): readonly AnyRow[] {
  const { crypto, activation, initialAdministrators, relatedWrites, now } = service;
  return [
    row<Download>({
      method: 'POST',
      path: '/securitydomain/download',
      operationName: 'SecurityDomainBackup',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/download/action',
      scope: 'root',
      activation: 'any',
      readBody: readDownload,
      asked: ({ body }) => custodyDetail(body),
      async handle(request) {
        const { body, principal, commit } = request;
        if (!activation.isActive() && !initialAdministrators.includes(principal.oid)) {
          throw new ServiceError('Forbidden', 'Only an administrator named when the HSM was created can activate it');
        }
        await checkActivation(service);
        const wasActive = await activation.willBeActive();
        const { certificates, required, thumbprints } = body;
        const custody = { required, thumbprints };
        const { document } = await begin(service, { principal, commit }, { kind: 'download', custody }, () =>
          crypto.ceremony('downloadSecurityDomain', { certificates, required }),
        ).catch((error: unknown) => refuse(error, body));
        const record: SecurityDomainRecord = {
          ...activation.latest(),
          downloadedAt: new Date(now() * 1000).toISOString(),
          downloadedBy: principal.oid,
          required,
          thumbprints,
        };
        // Revoked while the module worked: then the file is not handed out.
        const head = await commit(() => [
          securityDomainKind.put('', record),
          ...relatedWrites.split({ by: 'download', required, thumbprints, certificates, document }),
          NO_LONGER_BEGUN,
        ]);
        return {
          status: 202,
          // Clients take the file from this first answer, whatever the poll says later. The Python SDK (1.0.0b1, az 2.91) sends
          // this request once more instead of its poll where the host was typed in capitals, and looks for a status here.
          body: { value: document, ...(wasActive ? DONE : {}) },
          headers: pendingAt(request, 'download'),
          note: `The keys of the security domain were split over ${describeCustody(body)}`,
          detail: { ...domainDetail(crypto), ...custodyDetail(body) },
          head,
        };
      },
    }),
    row({
      method: 'GET',
      path: '/securitydomain/download/pending',
      operationName: 'SecurityDomainBackupStatusGet',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/download/read',
      scope: 'root',
      activation: 'any',
      handle() {
        if (activation.latest()?.downloadedAt === undefined)
          throw new ServiceError('NotFound', 'No security domain was downloaded yet');
        return { status: 200, body: DONE };
      },
    }),
    ...uploadRows(service),
    ...resharingRows(service),
  ];
}

function refuse(error: unknown, download: Download): never {
  if (error instanceof CryptoError && error.code === 'OtherCustodians') {
    throw new ServiceError(
      'Conflict',
      'The HSM is activated for other custodians or another quorum. Replacing them needs packets of a quorum of the ' +
        `present ones (resharing). Asked for were ${describeCustody(download)}`,
      { cause: error, innerCode: 'OtherCustodians' },
    );
  }
  if (error instanceof CryptoError && error.code === 'BadRequest') {
    throw new ServiceError('BadParameter', error.message, { cause: error });
  }
  throw error;
}
