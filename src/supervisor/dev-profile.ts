// The dev profile: everything on loopback, an issuer and an authority of its own, and files that connect clients.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkSinkPaths } from '../deployment/checks/check-sink-files.ts';
import { DEV_INSTANCE } from '../deployment/client-environment/variables.ts';
import { writeClientEnvironment } from '../deployment/client-environment/write.ts';
import type { Places } from '../deployment/data-layout.ts';
import { CONTROL_NAMES, ensureServerCertificate, instanceNames, openAuthority } from '../deployment/dev-ca/kept.ts';
import type { DevConfig } from '../deployment/dev-config.ts';
import { devIdentity, devSurroundings } from '../deployment/dev-surroundings.ts';
import { probePort } from '../deployment/free-port.ts';
import { listenerAddresses } from '../deployment/listener-addresses.ts';
import { azureNames, localNames } from '../deployment/name-forms.ts';
import { listenersOf } from '../deployment/private-listeners.ts';
import { resourceIdsOf } from '../deployment/sinks.ts';
import { ConfigError } from '../deployment/start-config.ts';
import { watchConfigOf } from '../deployment/watch-config.ts';
import { stopWithoutWitness, witnessConflict } from '../deployment/witnesses.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { instanceOrigin } from '../http/name-form.ts';
import { entryOf } from '../links/entry.ts';
import { controlArguments } from './control-arguments.ts';
import { ensureDevIdentities } from './ensure-dev-identities.ts';
import type { Profile } from './profile.ts';

/** @param wanted port; 0: any free one @throws ConfigError */
export async function openDevProfile(
  at: Places,
  wanted: number,
  report: (text: string) => void,
  config: DevConfig = {},
): Promise<Profile> {
  const conflict = witnessConflict(config);
  if (conflict !== undefined) throw new ConfigError(conflict);
  checkSinkPaths(config.sinks ?? [], at.root);
  const port = await takePort(wanted);
  const now = new Date();
  const authority = await openAuthority(at.ca, now);
  const control = { key: join(at.control, 'tls-key.pem'), certificate: at.controlCertificate };
  await ensureServerCertificate(authority, control, CONTROL_NAMES, now);
  const { clients, kept } = ensureDevIdentities(at);
  let written = kept.then(() => writeClientEnvironment(at, port, clients));
  written.catch(() => undefined); // control starts meanwhile; who asks for it is told
  let namesDev = existsSync(at.instance(DEV_INSTANCE).config);
  const [azure, local] = [azureNames(), localNames(port)];
  return {
    tenantId: clients.tenantId,
    port,
    watch: watchConfigOf(config),
    prepared: kept,
    controlProgram: (log) =>
      controlArguments({
        log,
        entry: entryOf('control'),
        folder: at.control,
        port,
        ca: at.caCertificate,
        besides: listenerAddresses(config.privateListeners ?? []),
        destinations: resourceIdsOf(config.sinks),
        limits: config.limits,
      }),
    made() {
      makePrivateFolder(at.backups);
      return { profile: 'dev', backupTargets: [{ uri: pathToFileURL(at.backups).href }] };
    },
    surroundings: (name, aliases) => ({
      ...devSurroundings(name, clients.tenantId, port, at.caCertificate, aliases),
      limits: config.limits,
      tls: config.tls,
      privateListeners: config.privateListeners === undefined ? undefined : listenersOf(config.privateListeners, name),
      stopWithoutWitness: stopWithoutWitness(config),
    }),
    identity: (of) => devIdentity(of, { port, caFile: at.caCertificate, headerFile: at.identityHeader }),
    ensureCertificate: (name, own, aliases) =>
      ensureServerCertificate(
        authority,
        { key: own.tlsKey, certificate: own.tlsCertificate },
        instanceNames(name, aliases),
        new Date(),
      ),
    refusal: () => undefined,
    prepare: () => Promise.resolve(),
    /** The files name the instance `dev` from the moment on that it exists. */
    heard(name) {
      if (namesDev || name !== DEV_INSTANCE) return;
      namesDev = true;
      const again = written.then(() => writeClientEnvironment(at, port, clients));
      written = again.catch((error: unknown) => {
        report(`${at.env} could not be written: ${error instanceof Error ? error.message : String(error)}`);
      });
    },
    written: () => written,
    describe(ports) {
      const urisOf = (name: string, own: number) => ({
        azure: instanceOrigin(azure, name.toLowerCase()),
        local: instanceOrigin(local, name.toLowerCase()),
        direct: `https://127.0.0.1:${own}`,
      });
      const instances = Object.fromEntries([...ports].map(([name, own]) => [name, urisOf(name, own)]));
      return {
        profile: 'dev',
        uris: {
          arm: local.arm,
          login: local.login,
          graph: local.graph,
          proxy: `http://127.0.0.1:${port}`,
          instances,
        },
        origins: Object.fromEntries(
          Object.entries(instances).map(([name, uris]) => [name, [uris.azure, uris.local]] as const),
        ),
        ca: at.caCertificate,
        env: at.env,
        envLocal: at.envLocal,
      };
    },
    // While the folder is still held: two starts that write would draw secrets that do not belong together.
    [Symbol.asyncDispose]: () => written.catch(() => undefined),
  };
}

async function takePort(wanted: number): Promise<number> {
  const port = await probePort(wanted);
  if (port !== undefined) return port;
  throw new ConfigError(`port ${wanted} is in use by another program; choose another one with --port (0: any)`);
}
