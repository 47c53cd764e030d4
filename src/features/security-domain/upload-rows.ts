// The rows that recover a security domain into an instance that is not activated. The module judges what is uploaded; the
// service passes it on and keeps none of it.
import { hash } from 'node:crypto';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import { readPacketValue } from '../../formats/custodian-packet.ts';
import { MAX_UPLOAD, parseUpload } from '../../formats/domain-upload.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { ShapeError } from '../../formats/shape.ts';
import { readText } from '../../http/body.ts';
import { type AnyRow, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import type { DomainSplit } from '../part.ts';
import type { SecurityDomainRecord } from './activation.ts';
import { begin } from './pending-ceremony.ts';
import {
  checkActivation,
  custodyDetail,
  describeCustody,
  describeDomain,
  describeQuorum,
  domainDetail,
  heldChanges,
  pendingAt,
  refuse,
  type SecurityDomainService,
} from './service.ts';
import { transferKeyBody, transferKeyDetail } from './transfer-key.ts';

const DONE = { status: 'Success', status_details: 'The resource is active.' };
const UNDER_WAY = { status: 'InProgress', status_details: 'The Security Domain is being confirmed.' };
/** The text is a JSON string in the body, in which every quotation mark is two characters. */
const BODY_LIMIT = 2 * MAX_UPLOAD;

export function uploadRows(service: SecurityDomainService): readonly AnyRow[] {
  const { crypto, settle, activation, now } = service;
  const common = { scope: 'root', activation: 'any' } as const;
  return [
    row({
      ...common,
      method: 'GET',
      path: '/securitydomain/upload',
      operationName: 'SecurityDomainTransferKeyGet',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/transferkey/read',
      repeatable: true,
      async handle({ origin }) {
        if (activation.isActive()) throw alreadyActive();
        const { certificate } = await crypto.send('transferKey', {});
        return { status: 200, body: transferKeyBody(certificate, origin), detail: transferKeyDetail(certificate) };
      },
    }),
    row<string>({
      ...common,
      method: 'POST',
      path: '/securitydomain/upload',
      operationName: 'SecurityDomainRestore',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/upload/action',
      readBody: (body) => readText(body, 'value'),
      asked: ({ body }) => ({ documentHash: hash('sha256', body, 'base64url') }),
      bodyLimit: BODY_LIMIT,
      repeatable: false,
      async handle(request) {
        const { body: document, principal, commit } = request;
        const uploadedDigest = hash('sha256', document, 'base64url');
        // Sent again, it may come to a worker that is still learning of the first.
        if (await activation.willBeActive()) {
          const { uploadedBy, uploadedDigest: taken } = activation.latest() ?? {};
          if (uploadedBy !== principal.oid || taken !== uploadedDigest) throw alreadyActive();
          const headers = pendingAt(request, 'upload');
          return { status: 202, body: DONE, headers, note: 'Sent again; it was taken before, and nothing was done' };
        }
        await checkActivation(service, principal);
        const { required, ...people } = await begin(service, { principal, commit }, { kind: 'recovery' }, () =>
          crypto.ceremony('uploadSecurityDomain', { document }),
        ).catch(async (error: unknown) => {
          if (!(error instanceof CryptoError && error.code === 'WrongState')) return refuse(error, { member: 'value' });
          // Another worker was first, and this one has not heard of it.
          await crypto.reload();
          throw alreadyActive(error);
        });
        const thumbprints = people.thumbprints as readonly string[];
        const quorum = people.quorum as readonly string[];
        const record: SecurityDomainRecord = {
          required,
          thumbprints,
          uploadedAt: isoTime(now()),
          uploadedBy: principal.oid,
          uploadedDigest,
        };
        const head = await settle(() => heldChanges(service, record, { by: 'recovery', ...known(document, quorum) }));
        return {
          status: 202,
          body: DONE,
          headers: pendingAt(request, 'upload'),
          note: `Recovered the ${describeDomain(crypto)}, ${describeQuorum(quorum)}: ${describeCustody(record)}`,
          detail: {
            ...domainDetail(crypto),
            ...custodyDetail({ required, thumbprints }),
            quorum,
            documentHash: uploadedDigest,
          },
          head,
        };
      },
    }),
    row({
      ...common,
      method: 'GET',
      path: '/securitydomain/upload/pending',
      operationName: 'SecurityDomainRestoreStatusGet',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/upload/read',
      repeatable: true,
      // However it became active: clients of some years ask here after a download, and write the file only when they hear of success.
      async handle(request) {
        const headers = pendingAt(request, 'upload');
        if (await activation.willBeActive()) return { status: 200, body: DONE, headers };
        if (activation.begun() !== undefined) return { status: 200, body: UNDER_WAY, headers };
        throw new ServiceError('NotFound', 'No security domain was downloaded or uploaded yet');
      },
    }),
  ];
}

/** A restore blob is not the file that custodians keep and names nobody; a gathered quorum brings the file and its own names. */
function known(document: string, quorum: readonly string[]): Pick<DomainSplit, 'document' | 'opened' | 'shown'> {
  const upload = parseUpload(document);
  if (upload.form !== 'packets') return {};
  return { document: upload.domain, opened: quorum, shown: certificatesIn(upload.packets) };
}

/** A packet is signed by the key of the certificate in it, whose hash the domain file has. What the module did not need may be anything. */
function certificatesIn(packets: unknown): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  for (const packet of Array.isArray(packets) ? (packets as readonly unknown[]) : []) {
    try {
      const { statement, certificate } = readPacketValue(packet);
      shown.set(statement.custodian, certificate.raw.toString('base64'));
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error; // it names nobody
    }
  }
  return shown;
}

function alreadyActive(cause?: unknown): ServiceError {
  return new ServiceError(
    'Conflict',
    'The HSM is activated. A security domain is uploaded into one that is not: create another HSM, or stay with this one',
    { cause, innerCode: 'AlreadyActivated' },
  );
}
