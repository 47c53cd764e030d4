// The rows of release, and those by which administrators say which attestation authorities the instance trusts. The latter
// are this product's own; the service that it speaks for has its authorities built in.

import type { Detail } from '../../http/entry-detail.ts';
import { type AnyRow, HEAVIEST, row } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';
import { commitPlanned } from '../../store/sealed/records.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyIndex } from '../keys/key-index.ts';
import { commitAgreed, type SecondPerson } from '../second-person.ts';
import { keysOnWire, type TrustRequest, trustRequestOf } from './authorities/trust-request.ts';
import {
  authorityKind,
  MAX_AUTHORITIES,
  readAuthority,
  requireAuthorityName,
  type TrustedAuthority,
} from './authorities/trusted.ts';
import { type ReleaseRequest, type Releasing, readReleaseRequest, releaseKey } from './release-key.ts';

const PREFIX = 'Microsoft.KeyVault/managedHsm';
const PATH = '/strongroom/attestation-authorities';

export interface ReleaseService extends Releasing {
  readonly keys: KeyIndex;
  readonly duties: SecondPerson<TrustRequest>;
}

export function releaseRows(service: ReleaseService): readonly AnyRow[] {
  return [
    ...['/keys/:name/release', '/keys/:name/:version/release'].map((path) =>
      row<ReleaseRequest>({
        method: 'POST',
        path,
        since: '7.3-preview',
        operationName: 'KeyRelease',
        dataAction: `${PREFIX}/keys/release/action`,
        scope: 'key',
        readBody: readReleaseRequest,
        repeatable: true,
        // The key is opened for it alone.
        weight: () => HEAVIEST / 2,
        handle: (request) => releaseKey(requireKey(service.keys, request), request, service),
      }),
    ),
    ...authorityRows(service),
  ];
}

function authorityRows({ authorities, duties }: ReleaseService): readonly AnyRow[] {
  const requireAuthority = (name: string): TrustedAuthority => {
    const authority = authorities.get(name);
    if (authority === undefined) throw new ServiceError('NotFound', `There is no attestation authority '${name}'`);
    return authority;
  };
  const common = { scope: 'root', activation: 'active' } as const;
  const reading = { ...common, dataAction: `${PREFIX}/settings/read/action`, repeatable: true };
  const writing = { ...common, dataAction: `${PREFIX}/settings/write/action`, repeatable: false };
  return [
    row({
      ...reading,
      method: 'GET',
      path: PATH,
      operationName: 'AttestationAuthorityList',
      handle: () => ({
        status: 200,
        body: { value: authorities.list().map(([name, authority]) => wireAuthority(name, authority)) },
      }),
    }),
    row({
      ...reading,
      method: 'GET',
      path: `${PATH}/:authority`,
      operationName: 'AttestationAuthorityGet',
      handle({ params }) {
        const name = requireAuthorityName(params['authority']);
        return { status: 200, body: wireAuthority(name, requireAuthority(name)) };
      },
    }),
    row<TrustedAuthority>({
      ...writing,
      method: 'PUT',
      path: `${PATH}/:authority`,
      operationName: 'AttestationAuthorityTrust',
      readBody: readAuthority,
      asked: ({ params, body }) => trustDetail(params['authority'] ?? '', body),
      async handle({ params, body, principal, commit, grantHeaders }) {
        const name = requireAuthorityName(params['authority']);
        const reason = duties.reasonOf(grantHeaders());
        const { second, head } = await commitAgreed(commit, () => {
          const others = authorities.list().filter(([other]) => other !== name);
          if (others.some(([, { authority }]) => authority === body.authority)) {
            throw new ServiceError('Conflict', `${body.authority} is trusted under another name already`);
          }
          if (others.length >= MAX_AUTHORITIES) {
            throw new ServiceError('Conflict', `At most ${MAX_AUTHORITIES} attestation authorities can be trusted`);
          }
          const before = authorities.get(name);
          // Nothing is changed by it, so nobody has to agree.
          if (before !== undefined && authorityKind.same(body, before)) return { changes: [] };
          const second = duties.judge(trustRequestOf(name, body), { principal, reason });
          return { second, changes: [authorityKind.put(name, body)] };
        });
        if (second === undefined) return { status: 200, body: wireAuthority(name, body) };
        const note = [`trusts ${body.authority}`, second.note].filter((text) => text !== '').join('. ');
        return { status: 200, body: wireAuthority(name, body), head, note };
      },
    }),
    row({
      ...writing,
      method: 'DELETE',
      path: `${PATH}/:authority`,
      operationName: 'AttestationAuthorityDistrust',
      async handle({ params, commit }) {
        const name = requireAuthorityName(params['authority']);
        const { gone, head } = await commitPlanned(commit, () => ({
          gone: requireAuthority(name),
          changes: [authorityKind.remove(name)],
        }));
        return { status: 204, head, note: `no longer trusts ${gone.authority}`, detail: trustDetail(name, gone) };
      },
    }),
  ];
}

function trustDetail(authorityName: string, trusted: TrustedAuthority): Detail {
  const { authority, sha256 } = trustRequestOf(authorityName, trusted);
  return { authorityName, authority, keysHash: sha256 };
}

function wireAuthority(name: string, { authority, keys }: TrustedAuthority): object {
  return { name, authority, ...keysOnWire(keys) };
}
