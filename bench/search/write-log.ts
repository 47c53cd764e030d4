// A log such as a year of an instance leaves it: applications that use their keys again and again, people who change something, and those
// who are refused. Only its size is made up: its entries have the members, lengths and repetitions of real ones.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeSegmentHeader, JOURNAL, segmentName } from '../../src/formats/journal-format.ts';
import { NO_HEAD } from '../../src/formats/named-head.ts';
import { TILE_WIDTH, tilePath } from '../../src/formats/tlog-tiles.ts';
import { checkpointBody, encodeBundle, formatNote } from '../../src/formats/written-log.fixture.ts';

const ORIGIN = 'strongroom/be9c4000-0000-4000-8000-000000000000';
export const BEGIN = Date.UTC(2025, 10, 28);
const YEAR_MS = 365 * 86_400_000;
const SEGMENT = 1024 * 1024;
const SDKS = [
  'azsdk-net-Security.KeyVault.Keys/4.7.0 (.NET 8.0.11; Debian GNU/Linux 12 (bookworm))',
  'azsdk-java-azure-security-keyvault-keys/4.9.2 (17.0.13; Linux; 6.1.0)',
  'azsdk-js-keyvault-keys/4.10.2 core-rest-pipeline/1.24.0 Node/22.11.0 (Linux 6.8.0; x64)',
  'azsdk-python-keyvault-keys/4.10.0 Python/3.12.7 (Linux-6.8.0-x86_64-with-glibc2.39)',
];
const USES = [
  ['KeyUnwrap', 'unwrapkey', 'keys/unwrap/action'],
  ['KeyUnwrap', 'unwrapkey', 'keys/unwrap/action'],
  ['KeyWrap', 'wrapkey', 'keys/wrap/action'],
  ['KeySign', 'sign', 'keys/sign/action'],
  ['KeyEncrypt', 'encrypt', 'keys/encrypt/action'],
  ['KeyGet', '', 'keys/read/action'],
] as const;

/** Those that are written at once, and what each of them holds, follow from their number alone. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hex(next: () => number, digits: number): string {
  let text = '';
  while (text.length < digits) text += ((next() * 2 ** 32) >>> 0).toString(16).padStart(8, '0');
  return text.slice(0, digits);
}

function guid(next: () => number): string {
  const digits = hex(next, 32);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20)}`;
}

const fixed = random(1);
export const APPS: readonly { readonly oid: string; readonly app: string; readonly grant: string }[] = Array.from(
  { length: 60 },
  () => ({ oid: guid(fixed), app: guid(fixed), grant: guid(fixed) }),
);
export const KEYS: readonly { readonly name: string; readonly versions: readonly string[] }[] = Array.from(
  { length: 300 },
  (_, i) => ({
    name: `app-${i % 60}-${['tde', 'kek', 'sign', 'disk', 'tokens'][i % 5]}-${i}`,
    versions: [0, 1, 2].map(() => hex(fixed, 32)),
  }),
);

/** Entry `index` of a log of `size`. */
export function entryAt(index: number, size: number): string {
  const next = random(index + 17);
  const time = new Date(BEGIN + Math.floor((index / size) * YEAR_MS) + Math.floor(next() * 40)).toISOString();
  // A few applications do most.
  const a = Math.floor(next() ** 3 * APPS.length);
  const { oid = '', app = '', grant = '' } = APPS[a] ?? {};
  const { name = '', versions = [] } = KEYS[a + 60 * Math.floor(next() ** 2 * 5)] ?? {};
  const version = versions[Math.min(2, Math.floor((index / size) * 3))] ?? '';
  const sdk = SDKS[a % SDKS.length] ?? '';
  const address = `10.20.${a}.${4 + Math.floor(next() * 3)}`;
  const what = next();
  const ids = { correlationId: guid(next), clientRequestId: guid(next) };
  const identity = JSON.stringify({
    claim: { appid: app, http_schemas_microsoft_com_identity: { claims: { objectidentifier: oid } } },
  });
  const [operation, path, action] = USES[Math.floor(next() * USES.length)] ?? USES[0];
  const base = {
    resourceId:
      '/SUBSCRIPTIONS/46934BBC-0CF4-480F-B2F7-A7A30E8A2C2C/RESOURCEGROUPS/PLATFORM/PROVIDERS/MICROSOFT.KEYVAULT/MANAGEDHSMS/FIN-PROD',
    operationName: operation as string,
    operationVersion: '7.6',
    category: 'AuditEvent',
    resultType: 'Success',
    resultSignature: 'OK',
    resultDescription: '',
    durationMs: 1 + Math.floor(next() * 9),
    callerIpAddress: address,
    identity,
    clientInfo: sdk,
    correlationId: ids.correlationId,
    httpStatusCode: 200,
    PoolName: 'fin-prod',
    requestUri: `https://fin-prod.managedhsm.azure.net/keys/${name}/${version}${path === '' ? '' : `/${path}`}?api-version=7.6`,
  };
  const properties = { PoolType: 'M-HSM', clientRequestId: ids.clientRequestId };
  const right = { dataAction: `Microsoft.KeyVault/managedHsm/${action}`, scope: `/keys/${name}` };
  const entry = (more: object, rest: object): string => JSON.stringify({ time, ...base, ...more, ...rest });
  if (what < 0.01) {
    const refused = {
      resultType: 'Failed',
      resultSignature: 'Unauthorized',
      httpStatusCode: 401,
      identity: '{"claim":{}}',
    };
    const why = { resultDescription: 'Missing: The request has no bearer token', decision: 'unauthenticated' };
    return entry(refused, { properties, dataAction: right.dataAction, ...why });
  }
  if (what < 0.014) {
    const refused = { resultType: 'Failed', resultSignature: 'Forbidden', httpStatusCode: 403 };
    const groups = { callerType: 'app', groups: [], groupCount: 0 };
    const resultDescription = `Caller is not authorized to perform action on resource. Activity ID ${ids.correlationId}`;
    return entry(
      { ...refused, resultDescription },
      { properties: { ...properties, ...groups }, ...right, decision: 'deny' },
    );
  }
  if (what < 0.024) {
    const detail = {
      kty: 'RSA-HSM',
      key_size: 2048,
      key_ops: ['wrapKey', 'unwrapKey'],
      exportable: false,
      enabled: true,
    };
    const made = hex(next, 32);
    return entry(
      {
        operationName: 'KeyCreate',
        requestUri: `https://fin-prod.managedhsm.azure.net/keys/${name}/create?api-version=7.6`,
      },
      {
        properties: { ...properties, detail },
        dataAction: 'Microsoft.KeyVault/managedHsm/keys/create',
        scope: '/keys',
        decision: 'allow',
        grant,
        key: `/keys/${name}/${made}`,
        storeHead: { sequence: index, hash: Buffer.from(hex(next, 64), 'hex').toString('base64url'), generation: 1 },
      },
    );
  }
  return entry({}, { properties, ...right, decision: 'allow', grant, key: `/keys/${name}/${version}` });
}

/** Writes bundles of a log of `size` entries, from this one on, for so long. @returns the next; all are there when it is undefined */
export function writeBundles(folder: string, size: number, from: number, forMs: number): number | undefined {
  const until = performance.now() + forMs;
  const bundles = Math.floor(size / TILE_WIDTH);
  for (let bundle = from; bundle < bundles; bundle++) {
    if (performance.now() > until) return bundle;
    const path = join(folder, tilePath('entries', bundle));
    if (bundle === from || bundle % 1000 === 0) mkdirSync(dirname(path), { recursive: true });
    const texts = Array.from({ length: TILE_WIDTH }, (_, i) => Buffer.from(entryAt(bundle * TILE_WIDTH + i, size)));
    writeFileSync(path, encodeBundle(texts));
  }
  const first = bundles * TILE_WIDTH;
  mkdirSync(join(folder, JOURNAL), { recursive: true });
  const segment = Buffer.alloc(SEGMENT);
  encodeSegmentHeader({ origin: ORIGIN, segmentLength: SEGMENT, first, newestHead: NO_HEAD, workers: [] }).copy(
    segment,
  );
  writeFileSync(join(folder, JOURNAL, segmentName(first)), segment);
  const keyHash = Buffer.alloc(4);
  const body = checkpointBody(ORIGIN, first, Buffer.alloc(32));
  writeFileSync(join(folder, 'checkpoint'), formatNote(body, [{ name: ORIGIN, keyHash, signature: Buffer.alloc(64) }]));
  return undefined;
}
