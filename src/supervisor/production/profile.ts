// The production profile: the operator's names, certificates and token issuers. The same processes as in the dev profile,
// without what that makes for trying things out: issuer, authority, directory, identities, proxy, demonstration.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkDataDirectory, checkExisting, existingInstances } from '../../deployment/checks/check-data-directory.ts';
import { checkConfigFile } from '../../deployment/checks/check-files.ts';
import { refuseUnsound } from '../../deployment/checks/config-checks.ts';
import { takePort } from '../../deployment/checks/take-port.ts';
import type { Places } from '../../deployment/data-layout.ts';
import { listenersOf } from '../../deployment/private-listeners.ts';
import { type ProductionConfig, readProductionShape, type SealChoice } from '../../deployment/production-config.ts';
import { certificateNames, productionHostNames, productionNames } from '../../deployment/production-names.ts';
import { readConfigFile } from '../../deployment/read-config-file.ts';
import { uncoveredText } from '../../deployment/uncovered-names.ts';
import { watchConfigOf } from '../../deployment/watch-config.ts';
import { stopWithoutWitness } from '../../deployment/witnesses.ts';
import { replaceFile } from '../../files/durable-file.ts';
import { makePrivateFolder } from '../../files/private-folder.ts';
import { instanceOrigin } from '../../http/name-form.ts';
import { entryOf } from '../../links/entry.ts';
import { shownFromFile } from '../../tools/seal/describe-seal.ts';
import { confined } from '../control-arguments.ts';
import type { Profile } from '../profile.ts';
import { refuseAlerts } from '../refuse-alerts.ts';
import { openOperatorTls } from './operator-tls.ts';

const SEAL_NEW = fileURLToPath(new URL('seal-new.ts', import.meta.url));

/** @throws ConfigError that says what to set */
export async function openProductionProfile(
  at: Places,
  configFile: string,
  report: (text: string) => void,
): Promise<Profile> {
  checkConfigFile(configFile);
  const config = readConfigFile(configFile, readProductionShape);
  const warnings = refuseUnsound(config, configFile);
  await refuseAlerts(config, 'production');
  checkDataDirectory(at, config);
  makePrivateFolder(at.control);
  const tls = openOperatorTls(config, at.control, report);
  try {
    checkExisting(at, config, tls.uncovered);
    await takePort(config.listen);
    // What this start goes by, for the control process too: it cannot read the operator's file, nor write this one.
    await replaceFile(at.production, `${JSON.stringify(config, null, 2)}\n`);
  } catch (error) {
    tls[Symbol.dispose]();
    throw error;
  }
  for (const warning of warnings) report(warning);
  for (const name of listenersOfNobody(at, config)) {
    report(`privateListeners: there is no instance '${name}' yet; its listeners open once it is made`);
  }
  const form = productionNames(config);
  const { instances: _, resourceManager: __, authority, ...tlsSettings } = config.tls;
  const namesOf = (name: string, aliases: readonly string[]) => certificateNames(config, name, aliases);
  return {
    tenantId: config.tenantId,
    port: config.listen.port,
    watch: watchConfigOf(config),
    prepared: Promise.resolve(),
    controlProgram: (log) => controlProgram(at, config, log),
    made: () => ({ profile: 'production' }),
    surroundings: (name, aliases) => ({
      hostNames: productionHostNames(config, name, aliases),
      issuers: config.issuers,
      separation: config.separation ?? 'strict',
      limits: config.limits,
      tls: Object.keys(tlsSettings).length === 0 ? undefined : tlsSettings,
      privateListeners: config.privateListeners === undefined ? undefined : listenersOf(config.privateListeners, name),
      fileSeal:
        config.seal.kind === 'file' || config.acknowledge?.includes('file-seal') === true ? undefined : 'refused',
      passphraseFile: config.seal.kind === 'passphrase' ? config.seal.passphraseFile : undefined,
      eventTargets: config.eventTargets,
      backupTargets: config.backupTargets,
      stopWithoutWitness: stopWithoutWitness(config),
    }),
    identity: () => (config.backupIdentity === undefined ? {} : { backupIdentity: config.backupIdentity }),
    async ensureCertificate(name, places, aliases) {
      const uncovered = tls.uncovered(namesOf(name, aliases));
      if (uncovered.length > 0) throw new Error(uncoveredText(config, uncovered));
      tls.give(places, namesOf(name, aliases));
    },
    refusal(name) {
      const uncovered = tls.uncovered(namesOf(name, []));
      return uncovered.length === 0 ? undefined : uncoveredText(config, uncovered);
    },
    prepare: (name, places) => sealNew(config.seal, name, places),
    heard: () => undefined,
    written: () => Promise.resolve(),
    describe: (ports) => ({
      profile: 'production',
      uris: { arm: form.arm, login: form.login, graph: form.graph, instances: {} },
      origins: Object.fromEntries([...ports.keys()].map((name) => [name, [instanceOrigin(form, name.toLowerCase())]])),
      ca: authority ?? config.tls.instances.certificate,
    }),
    async [Symbol.asyncDispose]() {
      tls[Symbol.dispose]();
    },
  };
}

/** The control process reads what it goes by and the issuers' files, and writes its own folder. */
function controlProgram(at: Places, config: ProductionConfig, log: string): ReturnType<typeof confined> {
  const settings = at.production;
  const files = config.issuers
    .flatMap((issuer) => [issuer.caFile, 'keysFile' in issuer ? issuer.keysFile : undefined])
    .filter((file) => file !== undefined);
  return confined({
    entry: entryOf('control/production'),
    folder: at.control,
    reads: [settings, ...files],
    args: ['--control', at.control, '--settings', settings, '--log', log],
    has: 'network',
  });
}

/** Perhaps made later, perhaps misspelt: its operator should know. */
function listenersOfNobody(at: Places, { privateListeners = [] }: ProductionConfig): ReadonlySet<string> {
  const there = new Set(existingInstances(at).map((name) => name.toLowerCase()));
  return new Set(privateListeners.map(({ instance }) => instance).filter((name) => !there.has(name.toLowerCase())));
}

/** An instance that was never activated gets the operator's passphrase before anything else of it runs. */
async function sealNew(seal: SealChoice, name: string, places: { readonly root: string; readonly module: string }) {
  if (seal.kind !== 'passphrase') return;
  const state = join(places.module, 'state.sealed');
  if (existsSync(state) && shownFromFile(readFileSync(state), name).kind !== 'file') return;
  const memory = seal.memory === undefined ? [] : ['--memory', String(seal.memory)];
  const args = ['--instance', places.root, '--passphrase-file', seal.passphraseFile, ...memory];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SEAL_NEW, ...args], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`'${name}' could not be sealed by seal.passphraseFile: ${said.trim()}`);
}
