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

const range = only({ value: plain });
const network = {
  bypass: plain,
  defaultAction: plain,
  ipRules: (value: unknown) => plain(value) ?? range(value),
  publicNetworkAccess: plain,
};
const links = only({ name: plain, properties: only({ privateLinkServiceId: plain, groupIds: plain }) });

export const askedFor: Keep = only({
  location: plain,
  tags: names,
  managedBy: plain,
  sku: only({ family: plain, name: plain }),
  identity: only({ type: plain, userAssignedIdentities: names }),
  rules: only(network),
  confirmWithinSeconds: plain,
  properties: only({
    // an HSM's
    tenantId: plain,
    initialAdminObjectIds: plain,
    enableSoftDelete: plain,
    softDeleteRetentionInDays: plain,
    enablePurgeProtection: plain,
    createMode: plain,
    networkAcls: only(network),
    publicNetworkAccess: plain,
    // a role assignment's
    roleDefinitionId: plain,
    principalId: plain,
    principalType: plain,
    // those of a private endpoint and its connection
    subnet: only({ id: plain }),
    privateLinkServiceConnections: links,
    manualPrivateLinkServiceConnections: links,
    privateLinkServiceConnectionState: only({ status: plain }),
    // a key's
    kty: plain,
    keySize: plain,
    curveName: plain,
    keyOps: plain,
    attributes: only({ enabled: plain, nbf: plain, exp: plain, exportable: plain }),
  }),
});
