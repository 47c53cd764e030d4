// Wires the control process: directory and issuer, resource manager, Graph, their listener, and the front with the
// names of everything. It holds no data-plane authority: instances are made and stopped by the supervisor at its word.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type ListenerAddress, targetBesides } from '../deployment/listener-addresses.ts';
import { azureNames, devIssuer, localNames, STORAGE_AUDIENCES } from '../deployment/name-forms.ts';
import { authenticateBy } from '../features/auth/control-caller.ts';
import { openTokenVerifier } from '../features/auth/verify-token.ts';
import { instanceOrigin, type NameForm } from '../http/name-form.ts';
import type { PeerLookup } from '../links/peer-lookup-link.ts';
import { askInstanceOver } from './ask-instance.ts';
import { readAddedCertificates } from './directory/added-certificates.ts';
import { devOwners } from './directory/create-dev-directory.ts';
import { readDirectoryFile } from './directory/directory-file.ts';
import { readCredentials } from './directory/federation/federated-credentials.ts';
import { describePrincipal } from './directory/find-principal.ts';
import { graphRows } from './directory/graph-rows.ts';
import { createIssuer } from './directory/issuer/create-issuer.ts';
import { tokenEndpoints } from './directory/issuer/discovery.ts';
import { loadIdentityHeader, managedIdentityRow } from './directory/issuer/managed-identity.ts';
import { issuerRows } from './directory/issuer/rows.ts';
import { loadSigningKey, signingKeyFile } from './directory/issuer/signing-key.ts';
import { openForeignAssertions } from './foreign-assertions.ts';
import { openIdentityEndpoint } from './identity-endpoint.ts';
import { HsmLifecycle } from './management/hsm/hsm-lifecycle.ts';
import { createDevResources } from './management/resources.ts';
import { openRecordedBook } from './management/resources-file.ts';
import { managementRows } from './management/rows.ts';
import { Plane, type PlaneOptions } from './plane.ts';

export interface ControlOptions extends PlaneOptions {
  readonly profile: 'dev' | 'production';
  /** Port of the front. It is part of the local names, so it cannot be chosen late. */
  readonly port: number;
  /** The authority of the instances' certificates, PEM. */
  readonly ca: string;
  /** Where instances listen besides, for who asks the proxy for such a port; absent: nowhere. */
  readonly besides?: readonly ListenerAddress[];
  /** Resource ids of the sinks that are configured; absent: none. */
  readonly destinations?: readonly string[];
  /** Who is at the other end of a loopback connection; absent: the system cannot tell, and there is no managed identity endpoint. */
  readonly whoCalls?: PeerLookup;
}

export interface Control extends AsyncDisposable {
  readonly port: number;
  readonly listenerPort: number;
  /** Of the managed identity endpoint; absent: there is none. */
  readonly identityPort?: number;
}

export async function startControl(options: ControlOptions): Promise<Control> {
  const { profile, folder, port, ca, besides = [], destinations = [], whoCalls, now, log } = options;
  const { replaceFile: replace } = options;
  const forms = [azureNames(), localNames(port)];
  const plane = new Plane(options, forms);
  const { host, callers } = plane;
  await using stack = new AsyncDisposableStack();
  // A first start, whose demonstration asks for a token next: the library loads while the key is made.
  if (!existsSync(signingKeyFile(folder))) import('./directory/issuer/issuer-library.ts').catch(() => undefined);
  const directory = await readDirectoryFile(folder);
  const { tenantId, domain } = directory;
  const book = await openRecordedBook(
    options,
    plane.acts,
    // The owners are those that the directory names.
    () => createDevResources(tenantId, randomUUID(), devOwners(directory), { newGuid: randomUUID, now: Date.now() }),
    (found) => {
      if (found.tenantId !== tenantId)
        throw new Error(
          'resources.json and directory.json are of different tenants: restore the one that was replaced',
        );
    },
  );
  const signing = { directory, signingKey: await loadSigningKey(folder, replace), issuer: devIssuer(tenantId), now };
  const identityHeader = await loadIdentityHeader(folder, replace);
  const foreign = stack.use(openForeignAssertions({ now, log }));
  const lifecycle = stack.use(new HsmLifecycle({ book, host, now, log }));
  const audiences = everyAudience(forms);
  const origins = forms.map(({ login }) => login);
  const issuer = createIssuer({
    ...signing,
    profile,
    addedCertificates: () => readAddedCertificates(folder),
    audiences,
    tokenEndpoints: tokenEndpoints(origins, tenantId, domain),
    cookieKey: randomUUID(),
    log,
  });
  /** By the verifier of the data plane, with the issuer's keys at hand instead of fetched. */
  const authenticate = (of: 'arm' | 'graph') => {
    const accepted = forms.flatMap((form) => form.audiences[of]);
    const verifier = openTokenVerifier({
      issuers: [{ issuers: [signing.issuer], audiences: accepted, jwksUri: 'https://issuer.localhost/keys' }],
      tenantId,
      now: () => now() / 1000,
      fetchJwks: () => Promise.resolve(issuer.jwks),
    });
    return callers.counted(authenticateBy(verifier, tenantId));
  };
  const exchange = {
    ...signing,
    audiences: new Set(audiences),
    credentials: () => readCredentials(folder),
    verifyAssertion: foreign.verify,
  };
  const rows = [
    ...issuerRows(issuer, exchange),
    managedIdentityRow({ ...signing, audiences: STORAGE_AUDIENCES, header: identityHeader }),
    ...graphRows(directory, authenticate('graph')),
    ...managementRows({
      ...{ book, lifecycle, host, domain, now },
      authenticate: authenticate('arm'),
      findPrincipal: (oid) => describePrincipal(directory, oid),
      isDirectoryElsewhere: false,
      newHsms: { defaultAction: 'Allow', leastAdministrators: 1 },
      destinations,
      askInstance: askInstanceOver({
        portOf: (hsm) => host.status(hsm)?.port,
        serverName: (hsm) => new URL(instanceOrigin(azureNames(), hsm)).hostname,
        ca,
      }),
    }),
  ];
  const ports = await plane.open(stack, {
    port,
    minVersion: 'TLSv1.2',
    rows,
    besides: (instance, at) => targetBesides(besides, instance, at),
  });
  const identities =
    whoCalls &&
    stack.use(await openIdentityEndpoint({ ...signing, folder, audiences, whoCalls, replaceFile: replace, log }));
  lifecycle.resume();
  const owned = stack.move();
  return {
    ...ports,
    ...(identities === undefined ? {} : { identityPort: identities.port }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Exact `aud` values that clients' tokens are issued for; the first is for requests that name none. */
function everyAudience(forms: readonly NameForm[]): readonly string[] {
  return (['graph', 'arm', 'instances', 'vaults'] as const).flatMap((name) =>
    forms.flatMap(({ audiences }) => audiences[name]),
  );
}
