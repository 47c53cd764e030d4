// The rows of the security domain. They are the only ones that work before activation.
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { CryptoError } from '../../crypto/protocol/messages.ts';
import type { Change, Records } from '../../store/sealed/records.ts';
import { type AnyRow, row } from '../../wire/route.ts';
import { ServiceError } from '../../wire/service-error.ts';
import { type Activation, SECURITY_DOMAIN_RECORD, type SecurityDomainRecord } from './activation.ts';
import { type Download, readDownload } from './read-download.ts';

export interface SecurityDomainService {
  readonly crypto: CryptoClient;
  readonly records: Records;
  readonly activation: Activation;
  /** Object ids, lower case. */
  readonly initialAdministrators: readonly string[];
  /** What the custodian register has committed with a split of the domain. */
  readonly companion: (split: Split) => readonly Change[];
}

/** A security domain that was split over people, as far as the service knows. */
export interface Split {
  readonly by: 'download' | 'recovery' | 'resharing';
  readonly required: number;
  /** x5t#S256, in order of the shares. */
  readonly thumbprints: readonly string[];
  /** Standard base64 DER, in the same order, where they are at hand. */
  readonly certificates?: readonly string[];
  /** The file's text as custodians keep it, where it is at hand. */
  readonly document?: string;
  /** x5t#S256 of those who have just shown that their share opens: the module joined the shares. */
  readonly opened?: readonly string[];
}

export function securityDomainRows(service: SecurityDomainService): readonly AnyRow[] {
  const { crypto, records, activation, initialAdministrators, companion } = service;
  return [
    row<Download>({
      method: 'POST',
      path: '/securitydomain/download',
      operationName: 'SecurityDomainBackup',
      dataAction: 'Microsoft.KeyVault/managedHsm/securitydomain/download/action',
      scope: 'root',
      activation: 'any',
      readBody: readDownload,
      repeatable: false,
      async handle({ body, origin, principal, recheck }) {
        if (!activation.isActive() && !initialAdministrators.includes(principal.oid)) {
          throw new ServiceError('Forbidden', 'Only an administrator named when the HSM was created can activate it');
        }
        const { certificates, required, thumbprints } = body;
        const { document } = await crypto
          .ceremony('downloadSecurityDomain', { certificates, required })
          .catch((error: unknown) => refuse(error, body));
        const record: SecurityDomainRecord = {
          downloadedAt: new Date().toISOString(),
          downloadedBy: principal.oid,
          required,
          thumbprints,
        };
        const head = await records.update(() => {
          // Revoked while the module worked: then the file is not handed out.
          recheck();
          return [
            { name: SECURITY_DOMAIN_RECORD, value: Buffer.from(JSON.stringify(record)) },
            ...companion({ by: 'download', required, thumbprints, certificates, document }),
          ];
        });
        return {
          status: 202,
          // Clients take the file from this first answer, whatever the poll says later.
          body: { value: document },
          headers: { 'Azure-AsyncOperation': `${origin}/securitydomain/download/pending`, 'Retry-After': '1' },
          note: `The root keys were split over ${describe(body)}`,
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
      apiVersionOptional: true,
      repeatable: true,
      handle() {
        if (activation.latest() === undefined)
          throw new ServiceError('NotFound', 'No security domain was downloaded yet');
        return { status: 200, body: { status: 'Success', status_details: '' } };
      },
    }),
  ];
}

/** What the log says of a ceremony: with it, custodians can tell that the certificates were theirs. */
function describe({ required, thumbprints }: Download): string {
  return `${thumbprints.length} custodians, ${required} needed; certificates (SHA-256): ${thumbprints.join(', ')}`;
}

function refuse(error: unknown, download: Download): never {
  if (error instanceof CryptoError && error.code === 'OtherCustodians') {
    throw new ServiceError(
      'Conflict',
      'The HSM is activated for other custodians or another quorum. Replacing them needs a quorum of the present ones, ' +
        `which this version does not offer. Asked for were ${describe(download)}`,
      { cause: error, innerCode: 'OtherCustodians' },
    );
  }
  if (error instanceof CryptoError && error.code === 'BadRequest') {
    throw new ServiceError('BadParameter', error.message, { cause: error });
  }
  throw error;
}
