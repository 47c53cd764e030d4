// The rows by which the report of a ceremony is handed in: the domain key states that it was, and the instance keeps the
// hash. A report that claims more than the register knows is not signed.
import { createHash } from 'node:crypto';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { toBase64url } from '../../formats/base64url.ts';
import { CEREMONY_KINDS, type CeremonyKind, isCeremonyKind } from '../../formats/ceremony-kind.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { isGuid } from '../../formats/guid.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { readText, wrongType } from '../../http/body.ts';
import { type AnyRow, type JsonObject, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { commitPlanned } from '../../store/sealed/records.ts';
import type { CustodianRegister } from '../custodians/register.ts';
import { part } from '../part.ts';
import { ceremonyKind, type RecordedCeremonies, type RecordedCeremony, recordedCeremonies } from './recorded.ts';

const PATH = '/securitydomain/ceremonies';
const ACTION = 'Microsoft.KeyVault/managedHsm/securitydomain/download';
/** Ten custodians with every step, file and remark are 40 KiB. */
const MAX_REPORT = 256 * 1024;
const MAX_CEREMONIES = 10_000;

interface CeremonyService {
  readonly crypto: CryptoClient;
  readonly ceremonies: RecordedCeremonies;
  readonly register: CustodianRegister;
  /** Unix seconds. */
  readonly now: () => number;
}

export function ceremonyRows(service: CeremonyService): readonly AnyRow[] {
  const { crypto, ceremonies, register, now } = service;
  const reading = { scope: 'root', dataAction: `${ACTION}/read` } as const;
  const shape = (id: string, ceremony: RecordedCeremony): object => {
    const { domainKey } = crypto.hello;
    return { id, ...ceremony, domainKey: toBase64url(domainKey), domainFingerprint: domainFingerprint(domainKey) };
  };
  return [
    row({
      ...reading,
      method: 'GET',
      path: PATH,
      operationName: 'CeremonyList',
      handle: () => ({ status: 200, body: { value: ceremonies.list().map(([id, each]) => shape(id, each)) } }),
    }),
    row({
      ...reading,
      method: 'GET',
      path: `${PATH}/:ceremony`,
      operationName: 'CeremonyGet',
      handle({ params }) {
        const id = params['ceremony']?.toLowerCase() ?? '';
        const ceremony = ceremonies.get(id);
        if (ceremony === undefined) throw new ServiceError('NotFound', `There is no ceremony '${id.slice(0, 80)}'`);
        return { status: 200, body: shape(id, ceremony) };
      },
    }),
    row<ReturnType<typeof readReport>>({
      scope: 'root',
      dataAction: `${ACTION}/action`,
      method: 'POST',
      path: PATH,
      operationName: 'CeremonyRecord',
      readBody: readReport,
      bodyLimit: 2 * MAX_REPORT,
      repeatable: true,
      async handle({ body: { id, kind, domain, report }, principal, commit }) {
        const bytes = Buffer.from(report, 'utf8');
        const hash = createHash('sha256').update(bytes).digest('base64url');
        const before = ceremonies.get(id);
        if (before !== undefined) return { status: 200, body: shape(id, requireSame(before, hash)) };
        checkTrue(register, kind, domain);
        const { note } = await crypto.send('signStatement', { kind: 'ceremony', body: bytes });
        const mine: RecordedCeremony = { kind, at: isoTime(now()), by: principal.oid, report: hash, domain, note };
        const { kept, head } = await commitPlanned(commit, () => {
          const other = ceremonies.get(id);
          if (other !== undefined) return { kept: requireSame(other, hash), changes: [] };
          checkTrue(register, kind, domain);
          if (ceremonies.list().length >= MAX_CEREMONIES) {
            throw new ServiceError('Conflict', `At most ${MAX_CEREMONIES} ceremonies can be recorded`);
          }
          return { kept: mine, changes: [ceremonyKind.put(id, mine)] };
        });
        return {
          status: kept === mine ? 201 : 200,
          body: shape(id, kept),
          head,
          detail: { record: id, kind, recordHash: hash, documentHash: domain },
          note: `Ceremony ${id} (${kind}), report SHA-256 ${hash}, domain file ${domain}`,
        };
      },
    }),
  ];
}

/** The same report handed in again, as after a lost answer, is answered again. */
function requireSame(before: RecordedCeremony, hash: string): RecordedCeremony {
  if (before.report === hash) return before;
  throw new ServiceError('Conflict', `The ceremony was recorded on ${before.at} with another report`);
}

/** @throws ServiceError when the instance knows better */
function checkTrue(register: CustodianRegister, kind: CeremonyKind, domain: string): void {
  const { split } = register;
  // Taken over by a request that was cut off, the domain is known and the file that it came from is not.
  const isUnseen = kind === 'recovery' && split !== undefined && split.domain === undefined;
  if (split?.domain !== domain && !isUnseen) {
    throw new ServiceError(
      'Conflict',
      `The report is about another domain file (${domain}) than the newest one (${split?.domain ?? 'not seen'})`,
      { innerCode: 'OtherDomain' },
    );
  }
  if (kind === 'recovery') return;
  const missing = register.list().filter(([, each]) => each.left === undefined && each.proven?.domain !== domain);
  if (missing.length > 0) {
    const names = missing.map(([custodian, { name, subject }]) => name ?? subject ?? custodian);
    throw new ServiceError(
      'Conflict',
      `The ceremony is not complete: the shares of ${names.join(', ')} were not shown to open`,
      { innerCode: 'SharesNotProven' },
    );
  }
}

function readReport(body: JsonObject) {
  const id = readText(body, 'id').toLowerCase();
  if (!isGuid(id)) throw wrongType('id', 'a GUID');
  const kind = readText(body, 'kind');
  if (!isCeremonyKind(kind)) throw wrongType('kind', `one of ${CEREMONY_KINDS.join(', ')}`);
  const domain = readText(body, 'domain');
  if (!/^[\w-]{43}$/.test(domain)) throw wrongType('domain', 'the SHA-256 of the domain file, base64url');
  const report = readText(body, 'report');
  if (report.length > MAX_REPORT || !report.isWellFormed()) {
    throw wrongType('report', `a text of at most ${MAX_REPORT} characters`);
  }
  // What is signed for one ceremony must not be shown for another.
  for (const said of [id, kind, domain]) {
    if (!report.includes(said)) {
      throw badParameter(`The report does not say '${said}': id, kind and domain must be in it`);
    }
  }
  return { id, kind, domain, report };
}

export const ceremony = part({
  kinds: [ceremonyKind],
  keep: () => ({ ceremonies: recordedCeremonies() }),
  serve: (service: CeremonyService) => ({ rows: ceremonyRows(service) }),
});
