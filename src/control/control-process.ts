// Wires the control process: directory and issuer, resource manager, Graph, their listener, and the front with the
// names of everything. It holds no data-plane authority: instances are made and stopped by the supervisor at its word.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type ListenerAddress, targetBesides } from '../deployment/listener-addresses.ts';
import { azureNames, devIssuer, localNames, STORAGE_AUDIENCES } from '../deployment/name-forms.ts';
import type { ControlRow } from '../http/control-row.ts';
import { instanceOrigin, type NameForm } from '../http/name-form.ts';
import type { PeerLookup } from '../links/peer-lookup-link.ts';
import { askInstanceOver } from './ask-instance.ts';
import { readAddedCertificates } from './directory/added-certificates.ts';
import { devOwners } from './directory/create-dev-directory.ts';
import type { Directory } from './directory/directory.ts';
import { readDirectoryFile } from './directory/directory-file.ts';
import { readCredentials } from './directory/federation/federated-credentials.ts';
import { describePrincipal } from './directory/find-principal.ts';
import { graphRows } from './directory/graph/rows.ts';
import { createIssuer } from './directory/issuer/create-issuer.ts';
import { tokenEndpoints } from './directory/issuer/discovery.ts';
import { loadIdentityHeader, managedIdentityRow } from './directory/issuer/managed-identity.ts';
import { issuerRows } from './directory/issuer/rows.ts';
import { loadSigningKey, type SigningKey } from './directory/issuer/signing-key.ts';
import { type ForeignAssertions, openForeignAssertions } from './foreign-assertions.ts';
import { openIdentityEndpoint } from './identity-endpoint.ts';
import { createAuthenticate } from './issuer-authenticate.ts';
import { HsmLifecycle } from './management/hsm/hsm-lifecycle.ts';
import type { OperationRecord } from './management/record/record-operations.ts';
import { createDevResources } from './management/resources.ts';
import {
  openRecordedBook,
  type ResourceStore,
  readResourcesFile,
  resourcesFile,
  writeResourcesFile,
} from './management/resources-file.ts';
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
  const { folder, port, now, log, replaceFile: replace } = options;
  const forms = [azureNames(), localNames(port)];
  const plane = new Plane(options, forms);
  await using stack = new AsyncDisposableStack();
  const directory = await readDirectoryFile(folder);
  const book = await openBook(folder, directory, plane.acts, replace);
  const signingKey = await loadSigningKey(folder, replace);
  const identityHeader = await loadIdentityHeader(folder, replace);
  const foreign = stack.use(openForeignAssertions({ now, log }));
  const lifecycle = stack.use(new HsmLifecycle({ book, host: plane.host, now, log }));
  const ports = await plane.open(stack, {
    port,
    minVersion: 'TLSv1.2',
    rows: controlRows(options, { directory, signingKey, identityHeader, foreign, forms, book, lifecycle, plane }),
    besides: (instance, at) => targetBesides(options.besides ?? [], instance, at),
  });
  const { whoCalls } = options;
  const identities =
    whoCalls === undefined
      ? undefined
      : stack.use(
          await openIdentityEndpoint({
            folder,
            directory,
            signingKey,
            issuer: devIssuer(directory.tenantId),
            audiences: everyAudience(forms),
            whoCalls,
            replaceFile: replace,
            now,
            log,
          }),
        );
  lifecycle.resume();
  const owned = stack.move();
  return {
    ...ports,
    ...(identities === undefined ? {} : { identityPort: identities.port }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The dev profile's subscription is made at the first start, for the owners that the directory names. */
async function openBook(
  folder: string,
  directory: Directory,
  acts: OperationRecord,
  replace: ControlOptions['replaceFile'],
): Promise<ResourceStore> {
  if (!existsSync(resourcesFile(folder))) {
    const made = { newGuid: randomUUID, now: Date.now() };
    await writeResourcesFile(
      folder,
      createDevResources(directory.tenantId, randomUUID(), devOwners(directory), made),
      replace,
    );
  }
  const resources = await readResourcesFile(folder);
  if (resources.tenantId !== directory.tenantId) {
    throw new Error('resources.json and directory.json are of different tenants: restore the one that was replaced');
  }
  return openRecordedBook(folder, resources, acts, replace);
}

/** Exact `aud` values that clients' tokens are issued for; the first is for requests that name none. */
function everyAudience(forms: readonly NameForm[]): readonly string[] {
  const of = (name: keyof NameForm['audiences']) => forms.flatMap(({ audiences }) => audiences[name]);
  return [...of('graph'), ...of('arm'), ...of('instances'), ...of('vaults')];
}

interface Parts {
  readonly directory: Directory;
  readonly signingKey: SigningKey;
  readonly identityHeader: string;
  readonly foreign: ForeignAssertions;
  readonly forms: readonly NameForm[];
  readonly book: ResourceStore;
  readonly lifecycle: HsmLifecycle;
  readonly plane: Plane;
}

function controlRows(options: ControlOptions, parts: Parts): readonly ControlRow[] {
  const { now, log } = options;
  const { directory, signingKey, identityHeader, foreign, forms, book, lifecycle, plane } = parts;
  const { host, callers } = plane;
  const { tenantId, domain } = directory;
  const audiences = {
    arm: forms.flatMap((form) => form.audiences.arm),
    graph: forms.flatMap((form) => form.audiences.graph),
  };
  const issuer = createIssuer({
    profile: options.profile,
    directory,
    addedCertificates: () => readAddedCertificates(options.folder),
    signingKey,
    issuer: devIssuer(tenantId),
    audiences: everyAudience(forms),
    tokenEndpoints: tokenEndpoints(
      forms.map((form) => form.login),
      tenantId,
      domain,
    ),
    cookieKey: randomUUID(),
    now,
    log,
  });
  const authenticate = (accepted: readonly string[]) =>
    callers.counted(
      createAuthenticate({ jwks: issuer.jwks, issuer: issuer.issuer, tenantId, audiences: accepted, now }),
    );
  return [
    ...issuerRows(issuer, {
      directory,
      signingKey,
      issuer: issuer.issuer,
      audiences: new Set(everyAudience(forms)),
      credentials: () => readCredentials(options.folder),
      verifyAssertion: foreign.verify,
      now,
    }),
    managedIdentityRow({
      directory,
      signingKey,
      issuer: issuer.issuer,
      audiences: STORAGE_AUDIENCES,
      header: identityHeader,
      now,
    }),
    ...graphRows(directory, authenticate(audiences.graph)),
    ...managementRows({
      book,
      lifecycle,
      host,
      authenticate: authenticate(audiences.arm),
      findPrincipal: (oid) => describePrincipal(directory, oid),
      askInstance: askInstanceOver({
        portOf: (hsm) => host.status(hsm)?.port,
        serverName: (hsm) => new URL(instanceOrigin(azureNames(), hsm)).hostname,
        ca: options.ca,
      }),
      domain,
      now,
    }),
  ];
}
