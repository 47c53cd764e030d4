// What a managed HSM may be called, what it must say at creation, and what can change afterwards.
import { OPEN_NETWORK } from '../../../formats/network-rules.ts';
import { ShapeError } from '../../../formats/shape.ts';
import { type ControlCaller, ControlError } from '../../../http/control-row.ts';
import { findByName, type HsmPath, requireGroup } from '../find.ts';
import type { DeletedHsm, ManagedHsm, Resources } from '../resources.ts';
import { changedIdentities } from './identity.ts';
import type { HsmBody } from './read-hsm-body.ts';

/** Of ASCII alone in any case: further letters have small ones in ASCII, too. */
const HSM_NAME = /^(?=.{3,24}$)[a-zA-Z](?:-?[a-zA-Z0-9])*$/;

/** Undefined: the name can be used. Names are unique in the service, in any case, and stay taken while soft-deleted. */
export function findNameProblem(resources: Resources, spelled: string) {
  const name = spelled.toLowerCase();
  if (!HSM_NAME.test(spelled)) {
    const message =
      'The name of a managed HSM has 3 to 24 letters, digits and hyphens, begins with a letter, ends with a letter or digit and has no two hyphens in a row.';
    return { reason: 'AccountNameInvalid', message } as const;
  }
  if (findByName(resources, name) !== undefined) {
    return { reason: 'AlreadyExists', message: `The name '${spelled}' is already in use.` } as const;
  }
  if (findDeleted(resources, name) !== undefined) {
    const message =
      'A KV MHSM with the same name already exists in deleted state. You need to either recover or purge existing KV MHSM.';
    return { reason: 'AlreadyExists', message } as const;
  }
  return undefined;
}

export function findDeleted({ deletedHsms }: Resources, name: string): DeletedHsm | undefined {
  return deletedHsms.find(({ hsm }) => hsm.name === name);
}

/** What a deployment asks of each new instance. */
export interface NewHsmRules {
  /** Unless its maker says otherwise. */
  readonly defaultAction: 'Allow' | 'Deny';
  /** Two where duties are separated: a single one could never be given a second. */
  readonly leastAdministrators: 1 | 2;
}

/**
 * `az keyvault create` writes these rules itself when its user says nothing of the network. Where instances are closed unless
 * somebody opens them, that is nothing said; who means it writes `ipRules` too, as `az keyvault update-hsm` does.
 */
export function asMeant(body: HsmBody, { defaultAction }: NewHsmRules): HsmBody {
  const { bypass, defaultAction: written, ipRules } = body.networkAcls ?? {};
  const isStock = bypass === 'AzureServices' && written === 'Allow' && ipRules === undefined;
  return isStock && defaultAction === 'Deny' ? { ...body, networkAcls: undefined } : body;
}

/** @throws ControlError when it may not be made */
export function newHsm(
  resources: Resources,
  { name, spelledName, resourceGroup, defaultAction, leastAdministrators }: HsmPath & NewHsmRules,
  body: HsmBody,
  caller: ControlCaller,
  now: string,
): ManagedHsm {
  const problem = findNameProblem(resources, spelledName);
  if (problem?.reason === 'AccountNameInvalid') throw new ControlError(400, 'HsmNameInvalid', problem.message);
  if (problem !== undefined) {
    const isDeleted = findDeleted(resources, name) !== undefined;
    throw new ControlError(409, isDeleted ? 'ConflictError' : 'HsmAlreadyExists', problem.message);
  }
  const group = requireGroup(resources, resourceGroup);
  if (body.createMode === 'recover') {
    throw new ControlError(404, 'DeletedHsmNotFound', `There is no deleted managed HSM '${spelledName}' to recover.`);
  }
  checkTenant(resources, body);
  const administrators = [...new Set(body.initialAdministrators ?? [])];
  if (administrators.length === 0) {
    throw new ShapeError('body.properties.initialAdminObjectIds must name at least one administrator');
  }
  if (administrators.length < leastAdministrators) {
    throw new ShapeError(
      'body.properties.initialAdminObjectIds names one administrator; this service separates duties, so that a single one ' +
        'could never be given a second: name at least two people',
    );
  }
  if (body.location === undefined) throw new ControlError(400, 'LocationRequired', 'body.location is missing');
  if (body.sku === undefined) throw new ShapeError('body.sku is missing');
  return {
    name,
    spelledName,
    resourceGroup: group.name,
    location: body.location,
    sku: body.sku,
    tags: body.tags ?? {},
    identities: changedIdentities([], body.identity),
    initialAdministrators: administrators,
    softDeleteRetentionInDays: body.softDeleteRetentionInDays ?? 90,
    purgeProtection: body.purgeProtection ?? false,
    publicNetworkAccess: body.publicNetworkAccess ?? OPEN_NETWORK.publicNetworkAccess,
    networkAcls: changedAcls({ ...OPEN_NETWORK.networkAcls, defaultAction }, body),
    connections: [],
    diagnosticSettings: [],
    state: 'Provisioning',
    ...modifiedBy(caller, now),
    createdBy: caller.label,
    createdByType: typeOf(caller),
    createdAt: now,
  };
}

/** Administrators, named again, are ignored as the public service ignores them. @throws ControlError */
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
  if (hsm.purgeProtection && body.purgeProtection === false) {
    throw new ShapeError(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection is an irreversible action.',
    );
  }
  if (body.createMode === 'recover') throw new ControlError(409, 'Conflict', `'${hsm.spelledName}' is not deleted.`);
  const changed: ManagedHsm = {
    ...hsm,
    tags: body.tags ?? hsm.tags,
    identities: changedIdentities(hsm.identities, body.identity),
    purgeProtection: body.purgeProtection ?? hsm.purgeProtection,
    publicNetworkAccess: body.publicNetworkAccess ?? hsm.publicNetworkAccess,
    networkAcls: changedAcls(hsm.networkAcls, body),
    ...modifiedBy(caller, now),
  };
  return hasSameRules(hsm, changed) ? changed : endTrial(changed, caller);
}

function hasSameRules(before: ManagedHsm, after: ManagedHsm): boolean {
  const rules = ({ publicNetworkAccess, networkAcls }: ManagedHsm) =>
    JSON.stringify([publicNetworkAccess, networkAcls]);
  return rules(before) === rules(after);
}

/** Who sets other rules meanwhile has decided anew: going back to those before the trial would undo it. */
function endTrial({ trial, ...hsm }: ManagedHsm, { oid }: ControlCaller): ManagedHsm {
  if (trial === undefined) return hsm;
  return { ...hsm, trialStep: { step: 'ended', id: trial.id, until: trial.until, by: oid } };
}

export function modifiedBy(caller: ControlCaller, now: string) {
  return { modifiedBy: caller.label, modifiedByType: typeOf(caller), modifiedAt: now } as const;
}

function typeOf({ kind }: ControlCaller): 'User' | 'Application' {
  return kind === 'user' ? 'User' : 'Application';
}

type Acls = ManagedHsm['networkAcls'];
function changedAcls({ bypass, defaultAction, ipRules }: Acls, { networkAcls: given }: HsmBody): Acls {
  return {
    bypass: given?.bypass ?? bypass,
    defaultAction: given?.defaultAction ?? defaultAction,
    ipRules: given?.ipRules ?? ipRules,
  };
}

function checkTenant({ tenantId }: Resources, body: HsmBody): void {
  if (body.tenantId !== undefined && body.tenantId !== tenantId) {
    throw new ShapeError(`body.properties.tenantId must be ${tenantId}, the tenant of this service`);
  }
}

function checkUnchanged(name: string, kept: unknown, given: unknown): void {
  if (given !== undefined && given !== kept) {
    throw new ShapeError(`The property "${name}" was set at creation and cannot be changed.`);
  }
}
