// Headers by which an answer about managed HSMs tells who gave it: their provider, or, for what a subscription has, the
// resource manager, which asked the providers.
const OF_A_SUBSCRIPTION = /^\/subscriptions\/[^/]+\/providers\/Microsoft\.KeyVault\/(?:deleted)?managedHSMs$/i;

/** @param path of the row */
export function serviceHeaders(
  path: string,
  requestId: string,
  version: string,
): readonly (readonly [string, string])[] {
  if (!path.includes('/providers/Microsoft.KeyVault/')) return [];
  if (OF_A_SUBSCRIPTION.test(path)) return [['x-ms-original-request-ids', requestId]];
  return [['x-ms-keyvault-service-version', version]];
}
