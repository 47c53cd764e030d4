// What is measured, one row each: the requests of one turn of a connection, what their answers must say, and what must be there
// once all are answered. Every change is another one: names and values carry the numbers of connection and turn.
import { listKeyNames } from '../keys/measure.ts';
import type { TimedClient } from '../keys/timed-client.ts';
import { API_VERSION } from '../product/hsm.ts';
import type { PreparedRequest } from '../product/request-bytes.ts';
import type { RawOperation } from '../raw-limit.ts';
import { CONNECTION, TURN } from './numbered-requests.ts';

/** As written into a request, and so expected of its answer. */
export interface Numbers {
  readonly connection: string;
  readonly turn: string;
}

export interface Write {
  readonly name: string;
  readonly title: string;
  /** What it is compared with, and the share of it that is wanted. */
  readonly against:
    | { readonly what: RawOperation | 'fdatasync'; readonly share: number }
    | { readonly perSecond: number };
  /** Of one turn, one after the other. */
  readonly requests: readonly PreparedRequest[];
  readonly statuses: readonly number[];
  /** Before the first turn. */
  prepare?(client: TimedClient, run: string, connection: string): Promise<unknown>;
  isRight(answer: Readonly<Record<string, unknown>>, request: number, run: string, numbers: Numbers): boolean;
  /** How many of the changes that were answered are not there, or there although they were taken back. */
  countMissing(client: TimedClient, run: string, answered: readonly Answered[]): Promise<number>;
}

/** The last turn of a connection, and how many of its requests were answered. */
export interface Answered {
  readonly connection: string;
  /** Turns that were answered in full. */
  readonly turns: number;
  /** Answered requests of the turn after those. */
  readonly more: number;
}

/** Stands for what tells one run of a write from the next, in names. */
export const RUN = 'RUN';
const CRYPTO_USER = '21dbd100-6940-42c2-9190-5d6cb909625b';
const ROLES = '/providers/Microsoft.Authorization';
const DEFINITIONS = `Microsoft.KeyVault${ROLES}/roleDefinitions/`;
const versioned = (path: string): string => `${path}?api-version=${API_VERSION}`;

export const writes: readonly Write[] = [
  creating(
    'create-rsa',
    'RSA-2048 key created',
    { what: 'rsa-generate', share: 0.8 },
    { kty: 'RSA-HSM', key_size: 2048 },
  ),
  creating('create-p256', 'P-256 key created', { what: 'fdatasync', share: 0.5 }, { kty: 'EC-HSM', crv: 'P-256' }),
  creating(
    'create-oct',
    'oct-HSM 256 key created',
    { what: 'fdatasync', share: 0.5 },
    { kty: 'oct-HSM', key_size: 256 },
  ),
  {
    name: 'update',
    title: 'key updated',
    against: { perSecond: 2000 },
    requests: [{ method: 'PATCH', path: versioned(`/keys/w-${RUN}-${CONNECTION}`), body: { tags: { turn: TURN } } }],
    statuses: [200],
    prepare: (client, run, connection) =>
      client.ask('POST', `/keys/w-${run}-${connection}/create`, { kty: 'EC-HSM', crv: 'P-256' }),
    isRight: (answer, _request, _run, { turn }) => member(answer, 'tags', 'turn') === turn,
    async countMissing(client, run, answered) {
      let missing = 0;
      for (const { connection, turns } of answered) {
        if (turns === 0) continue;
        const { json } = await client.ask('GET', `/keys/w-${run}-${connection}`);
        if (Number(member(json, 'tags', 'turn')) !== turns - 1) missing += 1;
      }
      return missing;
    },
  },
  {
    name: 'assign',
    title: 'role assigned, deleted',
    against: { perSecond: 2000 },
    requests: [
      {
        method: 'PUT',
        path: versioned(`${ROLES}/roleAssignments/${TURN}-0000-4000-8000-${RUN}0000${CONNECTION}`),
        body: {
          properties: {
            roleDefinitionId: `${DEFINITIONS}${CRYPTO_USER}`,
            principalId: `${TURN}-0000-4000-8001-${RUN}0000${CONNECTION}`,
          },
        },
      },
      {
        method: 'DELETE',
        path: versioned(`${ROLES}/roleAssignments/${TURN}-0000-4000-8000-${RUN}0000${CONNECTION}`),
      },
    ],
    statuses: [201, 200],
    isRight: (answer, _request, run, numbers) => answer['name'] === assignmentName(run, numbers),
    async countMissing(client, run, answered) {
      const { json } = await client.ask('GET', `${ROLES}/roleAssignments`);
      const names = (json['value'] as { readonly name: string }[]).map(({ name }) => name);
      const mine = new Set(names.filter((name) => name.includes(`-4000-8000-${run}0000`)));
      for (const { connection, turns, more } of answered) {
        // Those before were made and deleted; of the last one only the making may have been answered.
        if (more > 0 && !mine.delete(assignmentName(run, { connection, turn: String(turns).padStart(8, '0') })))
          return 1;
      }
      return mine.size;
    },
  },
];

function assignmentName(run: string, { connection, turn }: Numbers): string {
  return `${turn}-0000-4000-8000-${run}0000${connection}`;
}

function creating(
  name: string,
  title: string,
  against: Write['against'],
  asked: Readonly<Record<string, unknown>>,
): Write {
  const keyName = (run: string, { connection, turn }: Numbers): string => `w-${run}-${connection}-${turn}`;
  return {
    name,
    title,
    against,
    requests: [
      {
        method: 'POST',
        path: versioned(`/keys/${keyName(RUN, { connection: CONNECTION, turn: TURN })}/create`),
        body: asked,
      },
    ],
    statuses: [200],
    isRight: (answer, _request, run, numbers) =>
      member(answer, 'key', 'kty') === asked['kty'] &&
      String(member(answer, 'key', 'kid')).includes(`/keys/${keyName(run, numbers)}/`),
    async countMissing(client, run, answered) {
      const { names } = await listKeyNames(client);
      const mine = new Set(names.filter((each) => each.startsWith(`w-${run}-`)));
      let missing = 0;
      for (const { connection, turns } of answered) {
        for (let turn = 0; turn < turns; turn += 1) {
          if (!mine.delete(keyName(run, { connection, turn: String(turn).padStart(8, '0') }))) missing += 1;
        }
      }
      // Whatever nobody was told of is no more right than what is missing.
      return missing + mine.size;
    },
  };
}

function member(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce(
    (at: unknown, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined),
    value,
  );
}
