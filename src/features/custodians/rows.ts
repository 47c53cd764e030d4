// The rows of the custodian register: this product's own, below the security domain's path and under its data actions.

import { randomBytes } from 'node:crypto';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { type CustodianPacket, readPacketValue } from '../../formats/custodian-packet.ts';
import { domainFingerprint } from '../../formats/domain-identity.ts';
import { isoTime } from '../../formats/iso-time.ts';
import { isOneLine } from '../../formats/printable.ts';
import { ShapeError } from '../../formats/shape.ts';
import { member, readOptionalInteger, readOptionalText, wrongType } from '../../http/body.ts';
import { isAbsent } from '../../http/lenient-body.ts';
import { type AnyRow, type JsonObject, row } from '../../http/route.ts';
import { badParameter, ServiceError } from '../../http/service-error.ts';
import { commitPlanned } from '../../store/sealed/records.ts';
import { type Challenge, challengeKind, MAX_CHALLENGES } from './challenges.ts';
import { type Holder, holderKind } from './holder.ts';
import { marginOf, stateOf, UNKNOWN_HOLDERS } from './recovery-margin.ts';
import type { CustodianRegister } from './register.ts';
import { planPacket } from './take-packet.ts';

const PATH = '/securitydomain/custodians';
const ACTION = 'Microsoft.KeyVault/managedHsm/securitydomain/download';
const DAY = 86_400;

export interface CustodianService {
  readonly register: CustodianRegister;
  /** Unix seconds. */
  readonly now: () => number;
  readonly crypto: Pick<CryptoClient, 'hello'>;
}

export function custodianRows(service: CustodianService): readonly AnyRow[] {
  const { register, now } = service;
  const reading = { scope: 'root', method: 'GET', dataAction: `${ACTION}/read` } as const;
  const writing = { scope: 'root', method: 'POST', dataAction: `${ACTION}/action` } as const;
  return [
    row({
      ...reading,
      path: PATH,
      operationName: 'CustodianList',
      handle: () => ({ status: 200, body: wireRegister(service) }),
    }),
    row<Partial<Record<'name' | 'contact', string>>>({
      ...writing,
      method: 'PUT',
      path: `${PATH}/:custodian`,
      operationName: 'CustodianUpdate',
      readBody: (body) => ({ ...readLine(body, 'name'), ...readLine(body, 'contact') }),
      asked: ({ params }) => ({ custodian: params['custodian'] }),
      repeatable: true,
      async handle({ params, body, commit }) {
        const custodian = params['custodian'] ?? '';
        const { changed, head } = await commitPlanned(commit, () => {
          const { name, contact, ...rest } = requireHolder(register, custodian);
          const changed = [...(name === body.name ? [] : ['name']), ...(contact === body.contact ? [] : ['contact'])];
          return { changed, changes: [holderKind.put(custodian, { ...rest, ...body })] };
        });
        // Who and where people are is not on record: the log is kept for ever.
        return { status: 200, body: wireHolder(service, custodian), head, detail: { custodian, changed } };
      },
    }),
    row<CustodianPacket>({
      ...writing,
      path: `${PATH}/packets`,
      operationName: 'CustodianPacket',
      readBody: (body) => readPacketIn(member(body, 'packet')),
      asked: ({ body: { statement } }) => ({ custodian: statement.custodian, purpose: statement.purpose }),
      async handle({ body: packet, commit }) {
        const { custodian, purpose, at } = packet.statement;
        const head = await commit(() => planPacket(register, packet, now()));
        return {
          status: 200,
          body: { purpose, at, ...wireHolder(service, custodian) },
          head,
          note: `Custodian ${custodian} signed on ${at}: ${purpose}`,
        };
      },
    }),
    row({
      ...reading,
      path: `${PATH}/challenges`,
      operationName: 'CustodianChallengeList',
      handle: () => ({
        status: 200,
        body: {
          value: register.challenges
            .list()
            .map(([challenge, each]) => ({ ...wireChallenge(service, challenge, each), answers: each.answers })),
        },
      }),
    }),
    row<number>({
      ...writing,
      path: `${PATH}/challenges`,
      operationName: 'CustodianChallengeCreate',
      readBody: readDays,
      async handle({ body: days, principal, commit }) {
        const challenge = randomBytes(32).toString('base64url');
        const made: Challenge = {
          madeAt: isoTime(now()),
          expires: isoTime(now() + days * DAY),
          madeBy: principal.oid,
          answers: [],
        };
        const head = await commit(() => {
          const all = register.challenges.list();
          const over = all.filter(([, { expires }]) => Date.parse(expires) / 1000 <= now());
          if (all.length - over.length >= MAX_CHALLENGES) {
            throw new ServiceError(
              'Conflict',
              `At most ${MAX_CHALLENGES} challenges can be open; wait until some expire`,
            );
          }
          return [challengeKind.put(challenge, made), ...over.map(([name]) => challengeKind.remove(name))];
        });
        return {
          status: 201,
          body: wireChallenge(service, challenge, made),
          head,
          note: `Challenge ${challenge}, open until ${made.expires}`,
          detail: { challenge, expires: made.expires },
        };
      },
    }),
  ];
}

function wireRegister(service: CustodianService): object {
  const { register, now, crypto } = service;
  const { split } = register;
  return {
    domain: split?.domain ?? null,
    domainFingerprint: domainFingerprint(crypto.hello.domainKey),
    ...(split === undefined ? {} : { splitAt: split.at, splitBy: split.by }),
    ...(marginOf(register, now()) ?? UNKNOWN_HOLDERS),
    value: register.list().map(([custodian]) => wireHolder(service, custodian)),
  };
}

function wireHolder({ register, now }: CustodianService, custodian: string): object {
  const holder = requireHolder(register, custodian);
  return {
    custodian,
    fingerprint: Buffer.from(custodian, 'base64url').toString('hex'),
    state: stateOf(holder, register.split?.domain, now()),
    ...holder,
  };
}

function wireChallenge({ register }: CustodianService, challenge: string, { madeAt, expires }: Challenge): object {
  return { challenge, domain: register.split?.domain ?? null, madeAt, expires };
}

function requireHolder(register: CustodianRegister, custodian: string): Holder {
  const holder = register.get(custodian);
  if (holder !== undefined) return holder;
  throw new ServiceError('NotFound', `The register has no custodian '${custodian.slice(0, 80)}'`);
}

function readPacketIn(value: unknown): CustodianPacket {
  if (isAbsent(value)) throw badParameter("Property 'packet' is required");
  try {
    return readPacketValue(value);
  } catch (error) {
    if (error instanceof ShapeError) throw badParameter(`Packet: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Shown to people on terminals: nothing in it may move the cursor or turn the direction of writing. */
function readLine<N extends string>(body: JsonObject, name: N): Partial<Record<N, string>> {
  const text = readOptionalText(body, name);
  if (text === undefined || text === '') return {};
  if (text.length > 200 || !isOneLine(text)) {
    throw wrongType(name, 'at most 200 characters on one line');
  }
  return { [name]: text } as Partial<Record<N, string>>;
}

function readDays(body: JsonObject): number {
  const days = readOptionalInteger(body, 'days') ?? 14;
  if (days < 1 || days > 90) throw wrongType('days', 'an integer from 1 to 90');
  return days;
}
