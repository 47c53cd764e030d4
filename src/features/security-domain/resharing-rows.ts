// The rows that replace the custodians of an active instance with the consent of a quorum of the present ones. This
// product's own: in the cloud service an administrator does it alone.
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { MAX_UPLOAD } from '../../formats/domain-upload.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { member, readText, wrongType } from '../../http/body.ts';
import { type AnyRow, row } from '../../http/route.ts';
import type { SecurityDomainRecord } from './activation.ts';
import { begin } from './pending-ceremony.ts';
import { type Download, readDownload } from './read-download.ts';
import {
  custodyDetail,
  describeCustody,
  describeQuorum,
  domainDetail,
  heldChanges,
  refuse,
  type SecurityDomainService,
} from './service.ts';
import { transferKeyBody, transferKeyDetail } from './transfer-key.ts';

interface Resharing extends Download {
  readonly domain: string;
  readonly packets: readonly unknown[];
}

const BODY_LIMIT = 2 * MAX_UPLOAD;

export function resharingRows(service: SecurityDomainService): readonly AnyRow[] {
  const { crypto, settle, activation, now } = service;
  const common = { path: '/securitydomain/resharing', scope: 'root', activation: 'active' } as const;
  const fingerprint = (): string => domainFingerprint(crypto.hello.domainKey);
  return [
    row({
      ...common,
      method: 'GET',
      operationName: 'SecurityDomainResharingKeyGet',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/transferkey/read',
      repeatable: true,
      async handle({ origin }) {
        const [{ certificate }, { required, thumbprints }] = await Promise.all([
          crypto.send('transferKey', {}),
          crypto.send('custodians', {}),
        ]);
        return {
          status: 200,
          body: {
            ...transferKeyBody(certificate, origin),
            domain_fingerprint: fingerprint(),
            required,
            custodians: thumbprints,
          },
          detail: { ...domainDetail(crypto), ...transferKeyDetail(certificate) },
        };
      },
    }),
    row<Resharing>({
      ...common,
      method: 'POST',
      operationName: 'SecurityDomainReshare',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/upload/action',
      readBody: (body) => ({ ...readDownload(body), domain: readText(body, 'domain'), packets: readPackets(body) }),
      bodyLimit: BODY_LIMIT,
      asked: ({ body }) => custodyDetail(body),
      repeatable: false,
      async handle({ body, principal, commit }) {
        const { certificates, thumbprints, required, domain, packets } = body;
        const custody = { required, thumbprints };
        const done = await begin(service, { principal, commit }, { kind: 'resharing', custody }, () =>
          crypto.ceremony('replaceCustodians', { certificates, required, domain, packets }),
        ).catch((error: unknown) => {
          const others =
            'The HSM was activated before it remembered its custodians, so nobody can agree to their replacement';
          return refuse(error, { member: 'packets', others });
        });
        const quorum = done.quorum as readonly string[];
        const head = await settle(() =>
          heldChanges(service, replaced(), { by: 'resharing', certificates, opened: quorum }),
        );
        return {
          status: 200,
          body: { domain_fingerprint: fingerprint(), required, custodians: thumbprints, quorum },
          note: `The custodians were replaced ${describeQuorum(quorum)}: ${describeCustody(body)}`,
          detail: { ...domainDetail(crypto), ...custodyDetail(body), quorum },
          head,
        };

        // No file has been written for these people yet.
        function replaced(): SecurityDomainRecord {
          const { downloadedAt: _at, downloadedBy: _by, ...rest } = activation.latest() ?? {};
          return { ...rest, required, thumbprints, replacedAt: isoTime(now()), replacedBy: principal.oid };
        }
      },
    }),
  ];
}

function readPackets(body: Parameters<typeof member>[0]): readonly unknown[] {
  const packets = member(body, 'packets');
  if (!Array.isArray(packets)) throw wrongType('packets', 'a list of custodian packets');
  return packets;
}
