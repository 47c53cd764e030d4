// What a managed HSM may be called, what it must say at creation, and what can change afterwards.
import type { ControlCaller } from '../../wire/control-row.ts';
import { ControlError } from '../../wire/control-row.ts';
import type { HsmBody } from './read-hsm-body.ts';
import { requireGroup } from './resource-groups.ts';
import type { ManagedHsm, Resources } from './resources.ts';

const HSM_NAME = /^(?=.{3,24}$)[a-z](?:-?[a-z0-9])*$/;

export type NameProblem = { readonly reason: 'AccountNameInvalid' | 'AlreadyExists'; readonly message: string };

/** Undefined: the (lower-case) name can be used. Names are unique in the service and stay taken while soft-deleted. */
export function findNameProblem({ managedHsms, deletedHsms }: Resources, name: string): NameProblem | undefined {
  if (!HSM_NAME.test(name)) {
    return {
      reason: 'AccountNameInvalid',
      message:
        'The name of a managed HSM has 3 to 24 letters, digits and hyphens, begins with a letter, ends with a letter or digit and has no two hyphens in a row.',
    };
  }
  if (managedHsms.some((hsm) => hsm.name === name)) {
    return { reason: 'AlreadyExists', message: `The name '${name}' is already in use.` };
  }
  if (deletedHsms.some(({ hsm }) => hsm.name === name)) {
    return { reason: 'AlreadyExists', message: `A managed HSM with the name '${name}' exists in deleted state.` };
  }
  return undefined;
}

export interface HsmPlace {
  readonly name: string;
  readonly resourceGroup: string;
}

/** @throws ControlError when it may not be made */
export function newHsm(
  resources: Resources,
  { name, resourceGroup }: HsmPlace,
  body: HsmBody,
  caller: ControlCaller,
  now: string,
): ManagedHsm {
  const problem = findNameProblem(resources, name);
  if (problem !== undefined) {
    const invalid = problem.reason === 'AccountNameInvalid';
    throw new ControlError(invalid ? 400 : 409, invalid ? 'HsmNameInvalid' : 'HsmAlreadyExists', problem.message);
  }
  const group = requireGroup(resources, resourceGroup);
  if (body.createMode === 'recover') {
    throw new ControlError(404, 'DeletedHsmNotFound', `There is no deleted managed HSM '${name}' to recover.`);
  }
  checkTenant(resources, body);
  const administrators = [...new Set(body.initialAdministrators ?? [])];
  if (administrators.length === 0) {
    throw new ControlError(
      400,
      'BadRequest',
      'body.properties.initialAdminObjectIds must name at least one administrator',
    );
  }
  if (body.location === undefined) throw new ControlError(400, 'LocationRequired', 'body.location is missing');
  if (body.sku === undefined) throw new ControlError(400, 'BadRequest', 'body.sku is missing');
  const who = { by: caller.label, byType: caller.kind === 'user' ? 'User' : 'Application' } as const;
  return {
    name,
    resourceGroup: group.name,
    location: body.location,
    sku: body.sku,
    tags: body.tags ?? {},
    initialAdministrators: administrators,
    softDeleteRetentionInDays: body.softDeleteRetentionInDays ?? 90,
    purgeProtection: body.purgeProtection ?? false,
    state: 'Provisioning',
    createdBy: who.by,
    createdByType: who.byType,
    createdAt: now,
    modifiedBy: who.by,
    modifiedByType: who.byType,
    modifiedAt: now,
  };
}

/** Tags can change. The administrators of creation cannot, and are ignored as the public service ignores them. */
export function changedHsm(
  resources: Resources,
  hsm: ManagedHsm,
  body: HsmBody,
  caller: ControlCaller,
  now: string,
): ManagedHsm {
  checkTenant(resources, body);
  checkUnchanged('location', hsm.location, body.location);
  checkUnchanged('sku', hsm.sku.name, body.sku?.name);
  checkUnchanged('softDeleteRetentionInDays', hsm.softDeleteRetentionInDays, body.softDeleteRetentionInDays);
  checkUnchanged('enablePurgeProtection', hsm.purgeProtection, body.purgeProtection);
  if (hsm.state === 'Deleting') throw new ControlError(409, 'Conflict', `'${hsm.name}' is being deleted.`);
  if (body.createMode === 'recover') throw new ControlError(409, 'Conflict', `'${hsm.name}' is not deleted.`);
  return {
    ...hsm,
    tags: body.tags ?? hsm.tags,
    modifiedBy: caller.label,
    modifiedByType: caller.kind === 'user' ? 'User' : 'Application',
    modifiedAt: now,
  };
}

function checkTenant({ tenantId }: Resources, body: HsmBody): void {
  if (body.tenantId !== undefined && body.tenantId !== tenantId) {
    throw new ControlError(
      400,
      'BadRequest',
      `body.properties.tenantId must be ${tenantId}, the tenant of this service`,
    );
  }
}

function checkUnchanged(name: string, kept: unknown, given: unknown): void {
  if (given !== undefined && given !== kept) {
    throw new ControlError(400, 'BadRequest', `The property "${name}" was set at creation and cannot be changed.`);
  }
}
