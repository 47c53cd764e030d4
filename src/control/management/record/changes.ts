// What a change of the records is about: for each resource that differs its id, what one does to it in Azure's words, and the
// members that are other than before. Who did it is not known here.
import { type Changes, changesOf, type Detail, tagChanges } from '../../../http/entry-detail.ts';
import { findArmRole } from '../access/role-definitions.ts';
import { settingId } from '../diagnostics/settings.ts';
import { endpointId, groupId, hsmId } from '../find.ts';
import type { ManagedHsm, Operation, Resources, Tags } from '../resources.ts';

export interface Change {
  readonly operationName: string;
  readonly resourceId: string;
  /** The HSM that it is about; empty: none. */
  readonly hsm: string;
  readonly detail: Detail;
  /** What a client polls, when it began or ended with this. */
  readonly operation?: Operation;
}

interface Resource {
  readonly id: string;
  readonly hsm: string;
  readonly members: Readonly<Record<string, unknown>>;
  readonly tags?: Tags;
  /** It never changes: what is told of it is what it is. */
  readonly whole?: Detail;
}
type Kind = readonly [type: string, all: (resources: Resources) => ReadonlyMap<string, Resource>];

const HSM = 'Microsoft.KeyVault/managedHSMs';
const PURGE = 'Microsoft.KeyVault/locations/deletedManagedHsms/purge/action';

const KINDS: readonly Kind[] = [
  [HSM, hsmsIn],
  ['Microsoft.Authorization/roleAssignments', assignmentsIn],
  ['Microsoft.Insights/diagnosticSettings', settingsIn],
  ['Microsoft.Network/privateEndpoints', endpointsIn],
  ['Microsoft.Resources/subscriptions/resourceGroups', groupsIn],
];

export function changesBetween(before: Resources, after: Resources): readonly Change[] {
  const operations = new Map(
    after.operations.filter((each) => !before.operations.includes(each)).map((each) => [each.hsm, each]),
  );
  return KINDS.flatMap(([type, all]) => {
    const [had, has] = [all(before), all(after)];
    return [...new Set([...had.keys(), ...has.keys()])].flatMap((key): readonly Change[] => {
      const [was, is] = [had.get(key), has.get(key)];
      const changes = changesOf(was?.members ?? {}, is?.members ?? {});
      const { id: resourceId, hsm, whole } = is ?? was ?? { id: '', hsm: '' };
      if (Object.keys(changes).length === 0) return [];
      const operation = type === HSM ? operations.get(key) : undefined;
      const operationName = nameOf(operation?.kind) ?? `${type}/${is === undefined ? 'delete' : 'write'}`;
      const detail = whole ?? { changes: bounded(withoutTagValues(changes, was, is)) };
      return [{ operationName, resourceId, hsm, detail, ...(operation === undefined ? {} : { operation }) }];
    });
  });
}

/** As in an instance's log: those whose tags only came in another order say nothing of them. */
function withoutTagValues({ tags, ...rest }: Changes, was: Resource | undefined, is: Resource | undefined): Changes {
  const told = tags && tagChanges(was?.tags ?? {}, is?.tags ?? {});
  return told === undefined ? rest : { ...rest, tags: told };
}

/** What says who may do something is told whole; the rest gives way when an entry could not hold it. */
const TOLD_WHOLE: ReadonlySet<string> = new Set(['ipRules', 'initialAdministrators']);
const MOST_BYTES = 32_000;
const [SHORT, KEPT] = [1024, 512];

function bounded(changes: Changes): Changes {
  if (Buffer.byteLength(JSON.stringify(changes)) <= MOST_BYTES) return changes;
  return Object.fromEntries(
    Object.entries(changes).map(([name, change]) => {
      const text = JSON.stringify(change);
      const isTold = TOLD_WHOLE.has(name) || text.length <= SHORT;
      return [name, isTold ? change : { cut: text.slice(0, KEPT), characters: text.length }];
    }),
  );
}

function nameOf(kind: Operation['kind'] | undefined): string | undefined {
  if (kind === 'purge') return PURGE;
  return kind === undefined ? undefined : `${HSM}/${kind === 'delete' ? 'delete' : 'write'}`;
}

function hsmsIn(resources: Resources): ReadonlyMap<string, Resource> {
  const shown = (hsm: ManagedHsm, more: object): readonly [string, Resource] => {
    const { createdBy, createdByType, createdAt, modifiedBy, modifiedByType, modifiedAt, ...told } = hsm;
    const { name, networkAcls, diagnosticSettings, ...members } = told;
    return [
      name,
      { id: hsmId(resources, hsm), hsm: name, tags: hsm.tags, members: { ...members, ...networkAcls, ...more } },
    ];
  };
  return new Map([
    ...resources.deletedHsms.map(({ hsm, deletedAt, purging }) =>
      shown(hsm, { state: purging ? 'Purging' : 'Deleted', deletedAt }),
    ),
    ...resources.managedHsms.map((hsm) => shown(hsm, {})),
  ]);
}

function assignmentsIn({ roleAssignments }: Resources): ReadonlyMap<string, Resource> {
  return new Map(
    roleAssignments.map(({ id, spelledScope: scope, role, principalId, principalType, description }) => {
      const roleName = findArmRole(role)?.roleName ?? role;
      const whole = { assignment: id, roleName, roleDefinitionId: role, principalId, principalType, scope };
      const name = `${scope}/providers/Microsoft.Authorization/roleAssignments/${id}`;
      return [name.toLowerCase(), { id: name, hsm: '', members: { ...whole, description }, whole }];
    }),
  );
}

function endpointsIn(resources: Resources): ReadonlyMap<string, Resource> {
  return new Map(
    resources.privateEndpoints.map((endpoint) => {
      const id = endpointId(resources, endpoint);
      return [id.toLowerCase(), { id, hsm: endpoint.hsm, tags: endpoint.tags, members: { ...endpoint } }];
    }),
  );
}

/** Those of deleted ones too: they come back with them. */
function settingsIn(resources: Resources): ReadonlyMap<string, Resource> {
  const hsms = [...resources.managedHsms, ...resources.deletedHsms.map(({ hsm }) => hsm)];
  return new Map(
    hsms.flatMap((hsm) =>
      hsm.diagnosticSettings.map((setting): readonly [string, Resource] => {
        const id = settingId(resources, hsm, setting.name);
        return [id.toLowerCase(), { id, hsm: hsm.name, members: { ...setting } }];
      }),
    ),
  );
}

function groupsIn(resources: Resources): ReadonlyMap<string, Resource> {
  return new Map(
    resources.resourceGroups.map((group) => {
      const id = groupId(resources, group.name);
      return [id.toLowerCase(), { id, hsm: '', tags: group.tags, members: { ...group } }];
    }),
  );
}
