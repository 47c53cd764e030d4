// Generated requests to a route row: near enough to good ones to get past the first check, and wrong in every part.
import fc from 'fast-check';
import type { AnyRow } from '../../src/http/route.ts';

/** In places whose content no log may show. */
export const MARKER = 'bWFya2VyLW9mLWEtc2VjcmV0LXRoYXQtbm8tbG9nLW1heS1zaG93';

export interface GarbageRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly authorization: 'good' | 'absent' | 'bad';
  readonly body: Buffer | undefined;
}

export interface Known {
  readonly names: readonly string[];
  readonly versions: readonly string[];
  readonly guids: readonly string[];
}

const printable = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
const noise = fc.constantFrom(
  '/',
  '//',
  '/./',
  '/../',
  '%2F',
  '%2f..%2f',
  '%00',
  '%',
  '%zz',
  ';a=b',
  '\\',
  '%c0%af',
  '/%2e%2e/',
);
const nasty = fc.constantFrom(
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '.', '..', '%20', '-', 'a'.repeat(1100)],
  ...['%F0%9F%94%91', 'null', 'undefined', '0', 'versions', 'create', "'", '"', '${x}', '{{x}}', '*', ':name'],
);

function segment(known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 16, arbitrary: fc.constantFrom(...known) },
    { weight: 1, arbitrary: nasty },
    { weight: 1, arbitrary: printable.map((text) => encodeURIComponent(text)) },
    { weight: 1, arbitrary: fc.uuid() },
    { weight: 1, arbitrary: fc.constant('') },
  );
}

function pathOf(row: AnyRow, { names, versions, guids }: Known): fc.Arbitrary<string> {
  const parts = row.path.split('/').map((part) => {
    if (part === ':name') return segment(names);
    if (part === ':version') return segment(versions);
    return part.startsWith(':') ? segment(guids) : fc.constantFrom(part, part, part, part.toUpperCase());
  });
  const inserted = fc.oneof(
    { weight: 7, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.record({ text: noise, where: fc.nat() }) },
  );
  return fc.tuple(fc.tuple(...parts), inserted).map(([segments, extra]) => {
    const path = segments.join('/');
    if (extra === undefined) return path;
    const at = 1 + (extra.where % path.length);
    return path.slice(0, at) + extra.text + path.slice(at);
  });
}

const query = fc.oneof(
  { weight: 14, arbitrary: fc.constantFrom('api-version=7.6', 'api-version=7.6', 'api-version=2026-07-01-preview') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['', 'api-version=', 'api-version=1999', 'api-version=7.6&api-version=7.4', 'api%2Dversion=7.5', '%=%', '&&&'],
      ...['api-version=7.6&$skiptoken=AAAA', '$skiptoken=%00', 'api-version=7.6&maxresults=-1', '__proto__=1'],
      ...['api-version=7.6&maxresults=1e9', 'api-version=7.6&$filter=principalId+eq+%27', 'api-version=7.6&$filter=(('],
    ),
  },
  { weight: 1, arbitrary: printable.map((text) => `api-version=7.6&${text.replaceAll('#', '')}`) },
);

const secretText = fc.constantFrom(MARKER, `${MARKER}=`, `+${MARKER}/`, 'AAAA', '');
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(
    -1,
    2 ** 53,
    1e308,
    0.5,
    2048,
    256,
    true,
    null,
    '',
    [],
    {},
    [[]],
    '\ud800',
    'x'.repeat(5_000),
  ),
  fc.constantFrom<unknown>('RSA', 'EC-HSM', 'oct', 'P-256', 'P-999', 'A256GCM', 'RS256', 'RSA-OAEP', 'none', '/keys'),
  fc.constantFrom<unknown>(['sign'], ['encrypt', 'import'], ['sign', 'sign'], [1], { n: 'x' }),
);
const SECRET_MEMBERS = ['value', 'iv', 'tag', 'aad', 'digest', 'k', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'key_hsm'];
const MEMBERS = [
  ...['kty', 'key_size', 'public_exponent', 'key_ops', 'crv', 'attributes', 'tags', 'release_policy', 'enabled', 'exp'],
  ...['nbf', 'exportable', 'alg', 'properties', 'roleDefinitionId', 'principalId', 'roleName', 'permissions', 'scope'],
  ...['dataActions', 'notDataActions', 'actions', 'assignableScopes', 'certificates', 'required', 'x5c', 'n', 'e'],
  ...['key', 'data', 'target', 'nonce', 'enc', 'count', 'lifetimeActions', 'storageResourceUri', 'token', 'Hsm'],
  ...['__proto__', 'constructor', 'toString', 'description', 'x', 'y', 'immutable', 'folder', 'settings'],
];

/** Objects of known members that hold what they should not. */
const { object } = fc.letrec<{ object: Record<string, unknown>; member: readonly [string, unknown] }>((tie) => ({
  member: fc.oneof(
    fc.tuple(fc.constantFrom(...MEMBERS), anything),
    fc.tuple(fc.constantFrom(...SECRET_MEMBERS), secretText),
    fc.tuple(fc.constantFrom(...MEMBERS), fc.oneof(tie('object'), fc.array(tie('object'), { maxLength: 3 }))),
  ),
  object: fc
    .array(tie('member'), { maxLength: 6 })
    // Object literals would set the prototype; JSON text must not.
    .map((members) => Object.fromEntries(members)),
}));

const good = fc.constantFrom<Record<string, unknown>>(
  { kty: 'oct', key_size: 256, attributes: { enabled: true } },
  { alg: 'A256GCM', value: MARKER },
  { alg: 'A256CBC', value: MARKER, iv: 'AAAAAAAAAAAAAAAAAAAAAA' },
  { alg: 'ES256', value: MARKER, digest: MARKER },
  { alg: 'RSA-OAEP-256', value: MARKER },
  { tags: { a: 'b' }, attributes: { exp: 4102444800 }, key_ops: ['sign'] },
  { properties: { roleName: 'r', permissions: [{ dataActions: ['Microsoft.KeyVault/managedHsm/keys/read/action'] }] } },
  { certificates: [{ kty: 'RSA', x5c: ['AAAA'] }, {}, {}], required: 2 },
);

/** A good body with members replaced, or as it is: for some row it is wrong. */
const spoilt = fc.tuple(good, fc.oneof(object, fc.constant({}))).map(([body, wrong]) => ({ ...body, ...wrong }));

const body = fc.oneof(
  { weight: 4, arbitrary: spoilt.map(jsonOf) },
  { weight: 3, arbitrary: object.map(jsonOf) },
  { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        ...['', ' ', '{', '[]', 'null', '"x"', '{}{}', '{"a":1,}', '\ufeff{}', "{'a':1}", '{"kty":"RSA","kty":"oct"}'],
        ...[`${'['.repeat(60_000)}`, `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, '{"key_size":1e999}'],
        ...['{"key_size":123456789012345678901234567890}', `{"value":"${'A'.repeat(200_000)}"}`, '{"\\u0000":1}'],
        ...['{"__proto__":{"kty":"RSA"}}', '{"constructor":{"prototype":{"kty":"RSA"}}}', '{"kty":"\\ud800"}'],
      )
      .map((text) => Buffer.from(text)),
  },
);

function jsonOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

const headers = fc.dictionary(
  fc.constantFrom(
    ...['content-type', 'x-http-method-override', 'x-ms-client-request-id', 'x-ms-return-client-request-id', 'accept'],
    ...[
      'user-agent',
      'x-forwarded-for',
      'x-forwarded-host',
      'if-match',
      'range',
      'origin',
      'cookie',
      'accept-encoding',
    ],
    ...['content-encoding', 'forwarded', 'x-original-url', 'prefer'],
  ),
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'text/plain',
      'true',
      'DELETE',
      'gzip',
      'bytes=0-',
      '*',
      '\u00e9\u00ff',
      'a\tb',
    ),
    printable,
    printable.map((text) => text.repeat(50).slice(0, 2_000)),
  ),
  { maxKeys: 4 },
);

export function garbageFor(row: AnyRow, known: Known): fc.Arbitrary<GarbageRequest> {
  return fc.record({
    method: fc.oneof(
      { weight: 8, arbitrary: fc.constant<string>(row.method) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'LINK'),
      },
    ),
    path: fc.tuple(pathOf(row, known), query).map(([path, search]) => (search === '' ? path : `${path}?${search}`)),
    headers,
    authorization: fc.oneof(
      { weight: 14, arbitrary: fc.constant<'good'>('good') },
      { weight: 1, arbitrary: fc.constantFrom<'absent' | 'bad'>('absent', 'bad') },
    ),
    body: fc.option(body, { nil: undefined, freq: row.readBody === undefined ? 2 : 12 }),
  });
}
