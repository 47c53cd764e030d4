// What a refused request asked for, as far as it is put on record. Any valid token may send one, and its body may be anything:
// only members that a row here reads are kept, each where it belongs, and of what people write freely (tags) the names. Texts
// of people (descriptions, messages) and policies are not kept.
import { tagNames } from '../../../http/entry-detail.ts';

/** Undefined: nothing of it is kept. */
type Keep = (value: unknown) => unknown;

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;
const plain: Keep = (value) => (isPlain(value) || (Array.isArray(value) && value.every(isPlain)) ? value : undefined);
const names: Keep = (value) => (isPlain(value) || Array.isArray(value) ? undefined : tagNames(value as object));

/** An object, or each of several; members are found in any case, as the rows find them. */
function only(members: Readonly<Record<string, Keep>>): Keep {
  const keeps = new Map(Object.entries(members).map((member) => [member[0].toLowerCase(), member]));
  const one: Keep = (value) => {
    if (isPlain(value) || Array.isArray(value)) return undefined;
    return Object.fromEntries(
      Object.entries(value as object).flatMap(([spelled, each]) => {
        const [name, keep] = keeps.get(spelled.toLowerCase()) ?? [];
        const kept = keep?.(each);
        return name === undefined || kept === undefined ? [] : [[name, kept]];
      }),
    );
  };
  return (value) => (Array.isArray(value) ? value.map(one) : one(value));
}

/** Members that are kept as they are. */
function plainly(...names: readonly string[]): Readonly<Record<string, Keep>> {
  return Object.fromEntries(names.map((name) => [name, plain]));
}

const range = only(plainly('value'));
const network = {
  ...plainly('bypass', 'defaultAction', 'publicNetworkAccess'),
  ipRules: (value: unknown) => plain(value) ?? range(value),
};
const links = only({ name: plain, properties: only(plainly('privateLinkServiceId', 'groupIds')) });

export const askedFor: Keep = only({
  ...plainly('location', 'managedBy', 'confirmWithinSeconds'),
  tags: names,
  sku: only(plainly('family', 'name')),
  identity: only({ type: plain, userAssignedIdentities: names }),
  rules: only(network),
  properties: only({
    // an HSM's
    ...plainly('tenantId', 'initialAdminObjectIds', 'enableSoftDelete', 'softDeleteRetentionInDays'),
    ...plainly('enablePurgeProtection', 'createMode', 'publicNetworkAccess'),
    networkAcls: only(network),
    // a role assignment's
    ...plainly('roleDefinitionId', 'principalId', 'principalType'),
    // those of a private endpoint and its connection
    subnet: only(plainly('id')),
    privateLinkServiceConnections: links,
    manualPrivateLinkServiceConnections: links,
    privateLinkServiceConnectionState: only(plainly('status')),
    // a diagnostic setting's
    ...plainly('storageAccountId', 'workspaceId', 'eventHubAuthorizationRuleId', 'eventHubName'),
    logs: only(plainly('category', 'categoryGroup', 'enabled')),
    metrics: only(plainly('category', 'enabled')),
    // a key's
    ...plainly('kty', 'keySize', 'curveName', 'keyOps'),
    attributes: only(plainly('enabled', 'nbf', 'exp', 'exportable')),
  }),
});
