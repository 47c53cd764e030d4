// Wires the control process of the production profile: resource manager, the directory look-ups that are configured, their
// listener, and the front. Tokens are those of the operator's issuers; there is no issuer here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keySets, trustedFor } from '../../deployment/issuer-keys.ts';
import type { ProductionConfig } from '../../deployment/production-config.ts';
import { certificateNames, productionNames } from '../../deployment/production-names.ts';
import { resourceIdsOf } from '../../deployment/sinks.ts';
import type { TrustedIssuer } from '../../deployment/trusted-issuers.ts';
import { INSTANCES_CERTIFICATE } from '../../deployment/uncovered-names.ts';
import { authenticateBy } from '../../features/auth/control-caller.ts';
import { openTokenVerifier } from '../../features/auth/verify-token.ts';
import { DEFAULT_LIMITS } from '../../formats/request-limits.ts';
import type { Authenticate } from '../../http/control-row.ts';
import { readTlsFiles } from '../../http/tls/renewal.ts';
import { askInstanceOver } from '../ask-instance.ts';
import type { Directory } from '../directory/directory.ts';
import { describePrincipal } from '../directory/find-principal.ts';
import { graphRows } from '../directory/graph-rows.ts';
import { HsmLifecycle } from '../management/hsm/hsm-lifecycle.ts';
import type { Resources } from '../management/resources.ts';
import { openRecordedBook } from '../management/resources-file.ts';
import { managementRows } from '../management/rows.ts';
import { controlTls, Plane, type PlaneOptions } from '../plane.ts';
import { emptyResources, withOwners } from './subscription.ts';

interface ProductionControlOptions extends Omit<PlaneOptions, 'limits' | 'elapsed'> {
  readonly config: ProductionConfig;
}

export async function startProductionControl(
  options: ProductionControlOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  const { folder, config, now, log, frontToken } = options;
  const form = productionNames(config);
  const plane = new Plane({ ...options, limits: config.limits }, [form]);
  const { host, callers } = plane;
  await using stack = new AsyncDisposableStack();
  // The subscription is made at the first start; who owns it is what the configuration says, at each.
  const book = await openRecordedBook(
    options,
    plane.acts,
    () => emptyResources(config),
    (found) => checkFound(found, config),
  );
  await book.update('itself', (resources) => ({
    resources: withOwners(resources, config, new Date(now())),
    result: undefined,
  }));
  const lifecycle = stack.use(new HsmLifecycle({ book, host, now, log }));
  const directory = configuredDirectory(config);
  const authenticate = (more: readonly string[]): Authenticate =>
    callers.counted(
      authenticateBy(
        stack.use(
          openTokenVerifier({
            tenantId: config.tenantId,
            issuers: trustedFor(config.issuers, (issuer) => armAudiences(issuer, more)),
            fetchJwks: keySets(config),
            now: () => now() / 1000,
          }),
        ),
        config.tenantId,
      ),
    );
  const rows = [
    ...(config.names.graph === undefined ? [] : graphRows(directory, authenticate(form.audiences.graph))),
    ...managementRows({
      ...{ book, lifecycle, host, now },
      authenticate: authenticate([]),
      findPrincipal: (oid) => describePrincipal(directory, oid),
      isDirectoryElsewhere: true,
      newHsms: { defaultAction: 'Deny', leastAdministrators: config.separation === 'azure' ? 1 : 2 },
      destinations: resourceIdsOf(config.sinks),
      askInstance: askInstanceOver({
        portOf: (hsm) => host.status(hsm)?.port,
        serverName: (hsm) => certificateNames(config, hsm, [])[0] ?? '',
        ca: () => readFileSync(join(folder, INSTANCES_CERTIFICATE), 'utf8'),
        frontToken,
        certificate: () => readTlsFiles(controlTls(folder)),
      }),
      domain: config.names.instances,
    }),
  ];
  const { port } = await plane.open(stack, {
    ...config.listen,
    rows,
    minVersion: config.tls.minVersion,
    connectionsPerAddress: (config.limits ?? DEFAULT_LIMITS).connectionsPerAddress,
  });
  lifecycle.resume();
  const owned = stack.move();
  return { port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function armAudiences(issuer: TrustedIssuer, more: readonly string[]): readonly string[] {
  const { armAudiences: own = [] } = issuer;
  return own.length === 0 ? [] : [...own, ...more];
}

function checkFound({ tenantId, subscriptionId }: Resources, config: ProductionConfig): void {
  if (tenantId === config.tenantId && subscriptionId === config.subscription.id) return;
  throw new Error(
    `the data directory is of tenant ${tenantId} and subscription ${subscriptionId}, the configuration of ` +
      `others: set "tenantId" and "subscription.id" to these, or name another directory with --data`,
  );
}

/** Whom look-ups find. Nobody signs in here, so nobody has a secret. */
function configuredDirectory({ tenantId, names, principals }: ProductionConfig): Directory {
  const { users = [], groups = [], applications = [] } = principals ?? {};
  return {
    version: 1,
    tenantId,
    domain: names.instances,
    users: users.map(({ id, userName, displayName }) => ({ oid: id, upn: userName, displayName, passwordHash: '' })),
    groups: groups.map(({ id, displayName }) => ({ oid: id, displayName, members: [] })),
    applications: applications.map(({ id, appId, displayName }) => ({
      oid: id,
      appId,
      displayName,
      secrets: [],
      certificates: [],
    })),
    managedIdentities: [],
  };
}
