// Files that the first release wrote, brought into the form of today before they are read strictly.
import { randomUUID } from 'node:crypto';
import { OPEN_NETWORK } from '../../formats/network-rules.ts';

type Json = Readonly<Record<string, unknown>>;

const ROLES: Readonly<Record<string, string>> = {
  Owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  Contributor: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  Reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
};
/** When these were made is not known. */
const LONG_AGO = '1970-01-01T00:00:00.000Z';

/** Anything that is not such a file is returned as it is, for the strict reader to judge. */
export function migrateFirstVersion(value: unknown): unknown {
  if (!isObject(value) || value.version !== 1) return value;
  const { roleAssignments, managedHsms, deletedHsms } = value;
  return {
    ...value,
    version: 2,
    roleAssignments: mapped(roleAssignments, ({ principalId, role }) => ({
      id: randomUUID(),
      scope: `/subscriptions/${String(value.subscriptionId)}`,
      role: ROLES[String(role)] ?? role,
      principalId,
      principalType: 'ServicePrincipal',
      createdAt: LONG_AGO,
      createdBy: principalId,
    })),
    managedHsms: mapped(managedHsms, migrateHsm),
    deletedHsms: mapped(deletedHsms, ({ hsm, deletedAt }) => ({
      hsm: isObject(hsm) ? migrateHsm(hsm) : hsm,
      deletedAt,
      purging: false,
    })),
    privateEndpoints: [],
    // What was under way is taken up from the records of the HSMs; nobody polls across an upgrade.
    operations: [],
  };
}

function migrateHsm(hsm: Json): Json {
  const { publicNetworkAccess, networkAcls } = OPEN_NETWORK;
  return { ...hsm, publicNetworkAccess, networkAcls, connections: [] };
}

function mapped(value: unknown, change: (item: Json) => unknown): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isObject(item) ? change(item) : item)) : value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
