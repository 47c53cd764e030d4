// The rotation rows: get, set and clear the policy of a key, and rotate it now.
import { changesOf, type Detail } from '../../http/entry-detail.ts';
import { type AnyRow, type RowRequest, row } from '../../http/route.ts';
import { badParameter } from '../../http/service-error.ts';
import { type Commit, commitPlanned } from '../../store/sealed/records.ts';
import { keyAnswer, type Retention } from '../keys/bundle.ts';
import { keyDetail } from '../keys/entry-details.ts';
import { requireKey } from '../keys/find-key.ts';
import { weightOfMaking } from '../keys/key-types.ts';
import { type KeyVersion, keyId } from '../keys/key-version.ts';
import { noticesOf } from '../keys/notices.ts';
import { type PolicyRules, policyChange, wirePolicy } from './policy.ts';
import { isEmpty, policyWarning, readPolicyRules } from './read-policy.ts';
import { type Rotating, rotateKey } from './rotate.ts';

const ACTION = 'Microsoft.KeyVault/managedHsm/keys';

export function rotationRows(service: Rotating & { readonly retention: Retention }): readonly AnyRow[] {
  const { keys, policies, retention } = service;
  const lookUp = (request: RowRequest<unknown>): KeyVersion => requireKey(keys, request);
  const common = { since: '7.3-preview', scope: 'key' } as const;
  const policy = { ...common, path: '/keys/:name/rotationpolicy' };
  return [
    row({
      ...policy,
      method: 'GET',
      operationName: 'KeyRotationPolicyGet',
      dataAction: `${ACTION}/read/action`,
      handle(request) {
        const key = lookUp(request);
        const body = wirePolicy(request, key.name, policies.find(key.name));
        return { status: 200, body, key: keyId('', key) };
      },
    }),
    row<PolicyRules>({
      ...policy,
      method: 'PUT',
      operationName: 'KeyRotationPolicySet',
      dataAction: `${ACTION}/write/action`,
      readBody: readPolicyRules,
      asked: ({ body }) => rulesDetail(body),
      repeatable: true,
      async handle(request) {
        const key = lookUp(request);
        const { before, policy, head } = await setPolicy(() => lookUp(request), request.body, request.commit, service);
        return {
          status: 200,
          body: wirePolicy(request, key.name, policy),
          detail: { changes: changesOf(rulesDetail(before), rulesDetail(policy)) },
          key: keyId('', key),
          head,
          ...noticesOf(policyWarning(request.body)),
        };
      },
    }),
    row({
      ...common,
      method: 'POST',
      path: '/keys/:name/rotate',
      operationName: 'KeyRotate',
      dataAction: `${ACTION}/rotate/action`,
      weight: ({ params: { name = '' } }) => weightOfMaking(keys.find(name)?.publicKey.kty),
      async handle(request) {
        const { from, key, head } = await rotateKey(() => lookUp(request), request.commit, service);
        const detail = { ...keyDetail(key), previousVersion: from.version };
        return keyAnswer(key, request, retention, { detail, head });
      },
    }),
  ];
}

/** For the record; nothing of a key without a policy. */
function rulesDetail(rules: PolicyRules | undefined): Pick<Detail, 'expiryTime' | 'lifetimeActions'> {
  const actions = rules?.lifetimeActions.map(({ type, trigger, time }) => `${type} ${trigger} ${time}`);
  return { expiryTime: rules?.expiryTime, lifetimeActions: actions };
}

/** Sets the policy of a key, or clears it. @param find looks the key up on current state */
export function setPolicy(
  find: () => KeyVersion,
  rules: PolicyRules,
  commit: Commit,
  { policies, now }: Pick<Rotating, 'policies' | 'now'>,
) {
  return commitPlanned(commit, () => {
    const key = find();
    checkExpiryKnown(rules, key);
    const updated = now();
    const before = policies.find(key.name);
    const created = before?.created ?? updated;
    const policy = isEmpty(rules) ? undefined : { ...rules, created, updated };
    return { before, policy, changes: [policyChange(key.name, policy)] };
  });
}

/** @throws ServiceError BadParameter: the time before an expiry that never is would never come */
function checkExpiryKnown({ lifetimeActions, expiryTime }: PolicyRules, key: KeyVersion): void {
  if (expiryTime !== undefined || key.attributes.exp !== undefined) return;
  const index = lifetimeActions.findIndex(({ trigger }) => trigger === 'timeBeforeExpiry');
  if (index === -1) return;
  throw badParameter(
    `Property 'lifetimeActions[${index}].trigger.timeBeforeExpiry' needs attributes.expiryTime, or a key with exp`,
  );
}
