// The rows of rehearsals: what was rehearsed and what is due, and filing a new record. Nothing here opens or recovers
// anything; a full rehearsal happens in an instance of its own, which states its record itself.
import { createHash, randomBytes } from 'node:crypto';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { MAX_REHEARSAL, type Rehearsal, readRehearsal, writeRehearsal } from '../../formats/rehearsal-record.ts';
import { ShapeError } from '../../formats/shape.ts';
import { NoteError } from '../../formats/signed-note.ts';
import { verifyStatement } from '../../formats/verify-statement.ts';
import { readOptionalBoolean, readOptionalText, readText } from '../../http/body.ts';
import { type Answer, type AnyRow, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import type { Commit } from '../../store/sealed/records.ts';
import type { CustodianRegister } from '../custodians/register.ts';
import { postureOf, type RehearsalSchedule } from './posture.ts';
import { reachabilityRehearsal } from './reachability.ts';
import { filingChanges, type KeptRehearsal, type Rehearsals } from './rehearsals.ts';

const PATH = '/securitydomain/rehearsals';
const ACTION = 'Microsoft.KeyVault/managedHsm/securitydomain/download';

export interface RehearsalService {
  readonly rehearsals: Rehearsals;
  readonly register: CustodianRegister;
  readonly schedule: RehearsalSchedule;
  readonly crypto: Pick<CryptoClient, 'send' | 'hello'>;
  readonly instance: string;
  /** It is thrown away after a rehearsal: only such an instance states that one has passed. */
  readonly isThrownAway: boolean;
  /** Unix seconds. */
  readonly now: () => number;
}

export function rehearsalRows(service: RehearsalService): readonly AnyRow[] {
  const { rehearsals, register, crypto, now } = service;
  const reading = { scope: 'root', method: 'GET', dataAction: `${ACTION}/read` } as const;
  const writing = { scope: 'root', method: 'POST', dataAction: `${ACTION}/action` } as const;

  async function signStatement(record: string): Promise<string> {
    const { note } = await crypto.send('signStatement', { kind: 'rehearsal', body: Buffer.from(record, 'utf8') });
    return note;
  }

  async function file(
    record: string,
    note: string,
    by: string,
    commit: Commit,
    check: () => void = () => undefined,
  ): Promise<Answer> {
    const filedAt = isoTime(now());
    const id = `${filedAt.slice(0, 10)}-${randomBytes(8).toString('hex')}`;
    const filed = { filedAt, filedBy: by, record, note };
    const head = await commit(() => {
      check();
      return filingChanges(rehearsals, id, filed);
    });
    const rehearsal = readRehearsal(record);
    const hash = createHash('sha256').update(record, 'utf8').digest('base64url');
    return {
      status: 201,
      body: wireWhole(id, { ...filed, rehearsal }, crypto.hello.domainKey),
      head,
      detail: { record: id, kind: rehearsal.depth, verdict: rehearsal.verdict, recordHash: hash },
      note: `Rehearsal ${id}, ${rehearsal.depth}: ${rehearsal.verdict}; record (SHA-256): ${hash}`,
    };
  }

  return [
    row({
      ...reading,
      path: PATH,
      operationName: 'RehearsalList',
      handle: () => ({
        status: 200,
        body: {
          posture: postureOf(service.schedule, now()),
          value: rehearsals.list().map(([id, kept]) => wireSummary(id, kept)),
        },
      }),
    }),
    row({
      ...reading,
      path: `${PATH}/:rehearsal`,
      operationName: 'RehearsalGet',
      handle({ params }) {
        const id = params['rehearsal'] ?? '';
        const kept = rehearsals.get(id);
        if (kept === undefined) throw new ServiceError('NotFound', `There is no rehearsal '${id.slice(0, 80)}'`);
        return { status: 200, body: wireWhole(id, kept, crypto.hello.domainKey) };
      },
    }),
    row<{ readonly challenge: string; readonly finish: boolean }>({
      ...writing,
      path: `${PATH}/reachability`,
      operationName: 'RehearsalReachability',
      readBody: (body) => ({
        challenge: readText(body, 'challenge'),
        finish: readOptionalBoolean(body, 'finish') ?? false,
      }),
      async handle({ body: { challenge, finish }, principal, commit }) {
        const { domainKey } = crypto.hello;
        const rehearsed = (): Rehearsal =>
          reachabilityRehearsal({ register, challenge, instance: service.instance, domainKey, now: now(), finish });
        const check = (): void => rejectFiled(rehearsals, challenge);
        check();
        const record = writeRehearsal(rehearsed());
        return file(record, await signStatement(record), principal.oid, commit, check);
      },
    }),
    row<{ readonly record: string; readonly note: string | undefined }>({
      ...writing,
      path: PATH,
      operationName: 'RehearsalFile',
      readBody: (body) => ({ record: readText(body, 'record'), note: readOptionalText(body, 'note') }),
      bodyLimit: 4 * MAX_REHEARSAL,
      async handle({ body: { record, note }, principal, commit }) {
        const rehearsal = requireRecord(record);
        if (rehearsal.domainFingerprint !== domainFingerprint(crypto.hello.domainKey)) {
          throw badParameter('The record is of another security domain');
        }
        if (note === undefined) {
          rejectOwnPraise(rehearsal, service.isThrownAway);
          return file(record, await signStatement(record), principal.oid, commit);
        }
        requireStatement(record, note, crypto.hello.domainKey);
        return file(record, note, principal.oid, commit, () => {
          if (rehearsals.list().some(([, kept]) => kept.record === record)) {
            throw new ServiceError('Conflict', 'The record is filed already', { innerCode: 'Filed' });
          }
        });
      },
    }),
  ];
}

function rejectFiled(rehearsals: Rehearsals, challenge: string): void {
  if (!rehearsals.list().some(([, { rehearsal }]) => rehearsal.challenge === challenge)) return;
  throw new ServiceError('Conflict', 'The rehearsal with this challenge is filed already: begin with a new one', {
    innerCode: 'Filed',
  });
}

/** An administrator's word is enough for a failure. That it worked is stated by the instance that was recovered for it. */
function rejectOwnPraise({ verdict, depth }: Rehearsal, isThrownAway: boolean): void {
  if (depth === 'full' && (verdict === 'failed' || isThrownAway)) return;
  throw badParameter(
    depth === 'full'
      ? "Property 'note' is required: that a full rehearsal has passed is stated by the instance that was recovered in it"
      : 'A rehearsal of reachability is recorded by the instance itself: POST /securitydomain/rehearsals/reachability',
  );
}

/** @throws ServiceError BadParameter */
function requireRecord(record: string): Rehearsal {
  try {
    return readRehearsal(record);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw badParameter(`Property 'record': ${error.message}`, { cause: error });
  }
}

/** @throws ServiceError BadParameter */
function requireStatement(record: string, note: string, domainKey: Uint8Array): void {
  try {
    verifyStatement(note, 'rehearsal', Buffer.from(record, 'utf8'), domainKey);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw badParameter(`Property 'note': ${error.message}`, { cause: error });
  }
}

function wireSummary(id: string, { filedAt, rehearsal }: KeptRehearsal): object {
  const { depth, verdict, startedAt, finishedAt, challenge, recoveryMilliseconds, problems } = rehearsal;
  return {
    id,
    depth,
    verdict,
    startedAt,
    finishedAt,
    filedAt,
    ...(challenge === undefined ? {} : { challenge }),
    ...(recoveryMilliseconds === undefined ? {} : { recoveryMilliseconds }),
    problems: problems.map(({ name, problem }) => `${name}: ${problem}`),
  };
}

/** All that is needed to check it offline; the key's fingerprint is what people compare. */
function wireWhole(id: string, kept: KeptRehearsal, domainKey: Uint8Array): object {
  const { record, note, filedBy } = kept;
  const key = Buffer.from(domainKey).toString('base64url');
  return { ...wireSummary(id, kept), filedBy, record, note, domainKey: key };
}
