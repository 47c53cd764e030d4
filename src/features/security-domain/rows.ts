// The rows of the security domain. Taking it and taking one over are the only ones that work before activation.
import { isoTime } from '../../formats/iso-time.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { SecurityDomainRecord } from './activation.ts';
import { begin } from './pending-ceremony.ts';
import { type Download, readDownload } from './read-download.ts';
import { resharingRows } from './resharing-rows.ts';
import {
  checkActivation,
  custodyDetail,
  describeCustody,
  domainDetail,
  heldChanges,
  pendingAt,
  refuse,
  type SecurityDomainService,
} from './service.ts';
import { uploadRows } from './upload-rows.ts';

const DONE = { status: 'Success', status_details: '' };

export function securityDomainRows(service: SecurityDomainService): readonly AnyRow[] {
  const { crypto, activation, now } = service;
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
        await checkActivation(service, principal);
        const wasActive = await activation.willBeActive();
        const { certificates, required, thumbprints } = body;
        const custody = { required, thumbprints };
        const { document } = await begin(service, { principal, commit }, { kind: 'download', custody }, () =>
          crypto.ceremony('downloadSecurityDomain', { certificates, required }),
        ).catch((error: unknown) => {
          const others =
            'The HSM is activated for other custodians or another quorum. Replacing them needs packets of a quorum of the ' +
            `present ones (resharing). Asked for were ${describeCustody(body)}`;
          return refuse(error, { others });
        });
        const record: SecurityDomainRecord = {
          ...activation.latest(),
          downloadedAt: isoTime(now()),
          downloadedBy: principal.oid,
          required,
          thumbprints,
        };
        // Revoked while the module worked: then the file is not handed out.
        const head = await commit(() => heldChanges(service, record, { by: 'download', certificates, document }));
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
