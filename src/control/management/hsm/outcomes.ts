// What the records say once the work on an HSM has ended, well or not.
import { scopeOf } from '../access/scope.ts';
import { findByName, withHsm } from '../find.ts';
import type { Operation, Resources } from '../resources.ts';
import { placeOf } from './describe-hsm.ts';
import { findDeleted } from './hsm-rules.ts';

export function succeeded(resources: Resources, kind: Operation['kind'], name: string, at: string): Resources {
  const ended = ending(resources, kind, name, { status: 'Succeeded' });
  if (kind === 'purge') {
    const purged = findDeleted(resources, name);
    if (purged === undefined) return ended;
    const scope = scopeOf(resources, placeOf(purged.hsm));
    return {
      ...ended,
      deletedHsms: resources.deletedHsms.filter((each) => each !== purged),
      // Whoever takes the name next owes nothing to those who had a role at the old one.
      roleAssignments: resources.roleAssignments.filter((each) => each.scope !== scope),
      privateEndpoints: resources.privateEndpoints.filter((each) => each.hsm !== name),
    };
  }
  const hsm = findByName(resources, name);
  if (hsm === undefined) return ended;
  const { problem: _, trialStep: __, ...settled } = { ...hsm, state: 'Succeeded' as const };
  if (kind !== 'delete') return withHsm(ended, settled).resources;
  return {
    ...ended,
    managedHsms: resources.managedHsms.filter((each) => each !== hsm),
    deletedHsms: [...resources.deletedHsms, { hsm: settled, deletedAt: at, purging: false }],
  };
}

export function failed(resources: Resources, kind: Operation['kind'], name: string, problem: string): Resources {
  const ended = ending(resources, kind, name, { status: 'Failed', problem });
  if (kind === 'purge') {
    const deletedHsms = resources.deletedHsms.map((each) =>
      each.hsm.name === name ? { ...each, purging: false } : each,
    );
    return { ...ended, deletedHsms };
  }
  const hsm = findByName(resources, name);
  if (hsm === undefined) return ended;
  const { trialStep: _, ...settled } = hsm;
  return withHsm(ended, { ...settled, state: 'Failed', problem }).resources;
}

function ending(
  resources: Resources,
  kind: Operation['kind'],
  name: string,
  outcome: Pick<Operation, 'status' | 'problem'>,
): Resources {
  const operations = resources.operations.map((each) =>
    each.hsm === name && each.kind === kind && each.status === 'InProgress' ? { ...each, ...outcome } : each,
  );
  return { ...resources, operations };
}
