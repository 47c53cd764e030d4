// What control may ask to be provisioned, checked again on this side of the link: control answers to the network and
// may be taken over, so nothing it says becomes a path, an issuer or a place without having passed here.

import { isGuid } from '../formats/guid.ts';
import { readNetworkRules } from '../formats/network-rules.ts';
import { flag, guid, integer, list, matching, record, ShapeError } from '../formats/shape.ts';

/** Letters, digits and single hyphens, 3 to 24, beginning with a letter: a DNS label, and harmless as a folder's name. */
const INSTANCE_NAME = /^(?=.{3,24}$)[A-Za-z](?:-?[A-Za-z0-9])*$/;
const REGION = /^[a-z0-9]{1,64}$/;
const RESOURCE_GROUP = /^[\w().-]{1,90}$/u;

/** What control decides of a new instance; the supervisor adds places, certificates and trusted issuers. */
const shape = record({
  name: matching(INSTANCE_NAME, 'an instance name'),
  tenantId: guid,
  /** ARM id: `/subscriptions/…/managedHSMs/{name}`. */
  resourceId: matching(/^\/[^\0-\x20]{1,512}$/u, 'a resource id'),
  region: matching(REGION, 'a region'),
  initialAdministrators: list(guid, 100),
  softDeleteRetentionInDays: integer(7, 90),
  purgeProtection: flag,
  network: readNetworkRules,
});
export type ProvisionRequest = ReturnType<typeof shape>;

export class ProvisionRefused extends Error {
  override readonly name = 'ProvisionRefused';
  readonly code: 'BadRequest' | 'AlreadyExists' | 'QuotaExceeded' | 'NotFound' | 'PurgeProtected';
  constructor(code: ProvisionRefused['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws ProvisionRefused */
export function readProvisionRequest(value: unknown, tenantId: string): ProvisionRequest {
  const request = asRefusal(() => shape(value, 'request'));
  if (request.tenantId !== tenantId) throw new ProvisionRefused('BadRequest', 'request.tenantId is another tenant');
  if (request.initialAdministrators.length === 0) {
    throw new ProvisionRefused('BadRequest', 'request.initialAdministrators is empty');
  }
  checkResourceId(request);
  return request;
}

/** What has not the shape that it must have is a bad request. @throws ProvisionRefused */
export function asRefusal<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeError) throw new ProvisionRefused('BadRequest', error.message);
    throw error;
  }
}

function checkResourceId({ resourceId, name }: ProvisionRequest): void {
  const parts = resourceId.split('/');
  const [, subscriptions, subscription, groups, group = '', providers, provider, type, last] = parts;
  const good =
    parts.length === 9 &&
    subscriptions === 'subscriptions' &&
    isGuid(subscription ?? '') &&
    groups?.toLowerCase() === 'resourcegroups' &&
    RESOURCE_GROUP.test(group) &&
    !/^\.+$/.test(group) &&
    providers === 'providers' &&
    provider?.toLowerCase() === 'microsoft.keyvault' &&
    type?.toLowerCase() === 'managedhsms' &&
    last?.toLowerCase() === name.toLowerCase();
  if (!good) throw new ProvisionRefused('BadRequest', `request.resourceId is not that of a managed HSM '${name}'`);
}
