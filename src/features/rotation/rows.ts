// The rotation rows: get, set and clear the policy of a key, and rotate it now.
import { changesOf, type Detail } from '../../http/entry-detail.ts';
import { type AnyRow, type RowRequest, row } from '../../http/route.ts';
import { keyBundle, keyId, type Retention } from '../keys/bundle.ts';
import { keyDetail } from '../keys/entry-details.ts';
import { requireKey } from '../keys/find-key.ts';
import type { KeyVersion } from '../keys/key-version.ts';
import { type PolicyRules, wirePolicy } from './policy.ts';
import { policyWarning, readPolicyRules } from './read-policy.ts';
import { type Rotating, rotateKey } from './rotate.ts';
import { setPolicy } from './set-policy.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';
const SINCE = '7.3-preview';

export function rotationRows(service: Rotating & { readonly retention: Retention }): readonly AnyRow[] {
  const { keys, policies, retention } = service;
  const lookUp = ({ params, url }: RowRequest<unknown>): KeyVersion => requireKey(keys, params, url);
  return [
    row({
      method: 'GET',
      path: '/keys/:name/rotationpolicy',
      since: SINCE,
      operationName: 'KeyRotationPolicyGet',
      dataAction: `${ACTION}/read/action`,
      scope: 'key',
      handle(request) {
        const key = lookUp(request);
        const body = wirePolicy(request, key.name, policies.find(key.name));
        return { status: 200, body, key: keyId('', key) };
      },
    }),
    row<PolicyRules>({
      method: 'PUT',
      path: '/keys/:name/rotationpolicy',
      since: SINCE,
      operationName: 'KeyRotationPolicySet',
      dataAction: `${ACTION}/write/action`,
      scope: 'key',
      readBody: readPolicyRules,
      asked: ({ body }) => rulesDetail(body),
      repeatable: true,
      async handle(request) {
        const key = lookUp(request);
        const { before, policy, head } = await setPolicy(() => lookUp(request), request.body, request.commit, service);
        const warning = policyWarning(request.body);
        const warned = warning === undefined ? {} : { headers: { 'x-strongroom-warning': warning }, note: warning };
        const detail = { changes: changesOf(rulesDetail(before), rulesDetail(policy)) };
        return {
          status: 200,
          body: wirePolicy(request, key.name, policy),
          detail,
          key: keyId('', key),
          head,
          ...warned,
        };
      },
    }),
    row({
      method: 'POST',
      path: '/keys/:name/rotate',
      since: SINCE,
      operationName: 'KeyRotate',
      dataAction: `${ACTION}/rotate/action`,
      scope: 'key',
      async handle(request) {
        const { from, key, head } = await rotateKey(() => lookUp(request), request.commit, service);
        const detail = { ...keyDetail(key), previousVersion: from.version };
        return { status: 200, body: keyBundle(key, request, retention), detail, key: keyId('', key), head };
      },
    }),
  ];
}

/** For the record; nothing of a key without a policy. */
function rulesDetail(rules: PolicyRules | undefined): Pick<Detail, 'expiryTime' | 'lifetimeActions'> {
  if (rules === undefined) return {};
  const { expiryTime, lifetimeActions } = rules;
  return {
    expiryTime,
    lifetimeActions: lifetimeActions.map(({ type, trigger, time }) => `${type} ${trigger} ${time}`),
  };
}
