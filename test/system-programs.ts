// Programs of the operating system that some tests need. A test that lacks one is skipped with the line that installs
// it; with CI=true a skipped test fails the run, so nothing goes unseen there.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join } from 'node:path';
import { clientsFolder } from './clients/folder.ts';

/** The interpreter that has the Azure SDKs: the one that `test/clients/install.sh` made, else the first on the path. */
export const PYTHON: string = installedPython() ?? 'python3';

const PYTHON_MODULES = [
  'azure.identity',
  'azure.keyvault.keys',
  'azure.keyvault.administration',
  'azure.keyvault.securitydomain',
  'opentelemetry.sdk',
];

interface Program {
  /** What is looked for on the path. */
  readonly commands: readonly string[];
  /** What else must hold, once the commands are there. */
  readonly also?: () => boolean;
  /** The package that has it in Debian, or the name that `test/clients/install.sh` knows it by. */
  readonly from: { readonly debian: string } | { readonly client: string };
}

const programs = {
  az: { commands: ['az'], from: { client: 'azure-cli' } },
  'checker of histories': { commands: ['strongroom-linearisable'], from: { client: 'porcupine' } },
  'programs of transparency logs': { commands: ['strongroom-published'], from: { client: 'tlog' } },
  collector: { commands: ['strongroom-collector'], from: { client: 'collector' } },
  curl: { commands: ['curl'], from: { debian: 'curl' } },
  gcc: { commands: ['gcc'], from: { debian: 'gcc libc6-dev' } },
  glewlwyd: { commands: ['glewlwyd'], from: { debian: 'glewlwyd' } },
  go: { commands: ['go'], from: { debian: 'golang-go' } },
  java: { commands: ['java', 'javac', 'keytool'], from: { debian: 'default-jdk-headless' } },
  jq: { commands: ['jq'], from: { debian: 'jq' } },
  mvn: { commands: ['mvn'], from: { debian: 'maven' } },
  openssl: { commands: ['openssl'], from: { debian: 'openssl' } },
  'pkcs11-tool': { commands: ['pkcs11-tool'], from: { debian: 'opensc' } },
  'OpenSC 0.26': {
    commands: ['pkcs11-tool', 'opensc-tool'],
    also: () => openScVersion() >= 26,
    from: { client: 'opensc' },
  },
  prometheus: { commands: ['prometheus', 'promtool'], from: { debian: 'prometheus' } },
  python3: { commands: ['python3'], from: { debian: 'python3-venv' } },
  rsyslog: { commands: ['rsyslogd'], also: hasRsyslogTls, from: { debian: 'rsyslog rsyslog-gnutls' } },
  softhsm2: { commands: ['softhsm2-util'], also: () => softHsm() !== undefined, from: { debian: 'softhsm2' } },
  'python-azure': { commands: [PYTHON], also: hasPythonModules, from: { client: 'azure-python' } },
  'clients in Go': { commands: [], also: () => isInstalled('go'), from: { client: 'go' } },
  'clients in Java': { commands: ['java'], also: () => isInstalled('java'), from: { client: 'java' } },
  'clients in JavaScript': { commands: [], also: () => isInstalled('javascript'), from: { client: 'javascript' } },
  'clients in Rust': { commands: [], also: () => isInstalled('rust'), from: { client: 'rust' } },
  'systemd-analyze': { commands: ['systemd-analyze'], from: { debian: 'systemd' } },
  'S3 server': { commands: ['versitygw'], from: { client: 'versitygw' } },
  sops: { commands: ['sops'], from: { client: 'sops' } },
} as const satisfies Record<string, Program>;
export type SystemProgram = keyof typeof programs;

const SOFTHSM_LIBRARIES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/softhsm/libsofthsm2.so'];

const known = new Map<SystemProgram, boolean>();

/** For `test(name, { skip: skipUnless('az', 'openssl') }, …)`: false when all are there, else the reason. */
export function skipUnless(...needed: readonly SystemProgram[]): false | string {
  const missing = needed.filter((name) => !isThere(name));
  if (missing.length === 0) return false;
  return `needs ${missing.join(', ')}: ${installLines(missing).join(' && ')}`;
}

/** Every command that a test may need and skip without. */
export function optionalCommands(): Set<string> {
  return new Set(
    Object.values(programs).flatMap(({ commands }: Program) => commands.map((command) => basename(command))),
  );
}

/** The PKCS#11 library of SoftHSM. */
export function softHsm(): string | undefined {
  return SOFTHSM_LIBRARIES.find((path) => existsSync(path));
}

function installLines(missing: readonly SystemProgram[]): string[] {
  const packages: string[] = [];
  const clients: string[] = [];
  for (const name of missing) {
    const from: Program['from'] = programs[name].from;
    if ('debian' in from) packages.push(from.debian);
    else clients.push(from.client);
  }
  return [
    ...(packages.length === 0 ? [] : [`apt-get install -y ${packages.join(' ')}`]),
    ...(clients.length === 0 ? [] : [`test/clients/install.sh ${clients.join(' ')}`]),
  ];
}

function isThere(name: SystemProgram): boolean {
  const { commands, also }: Program = programs[name];
  const answer = known.get(name) ?? (commands.every(onPath) && (also?.() ?? true));
  known.set(name, answer);
  return answer;
}

function onPath(program: string): boolean {
  if (isAbsolute(program)) return isExecutable(program);
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: the same to a test
  }
}

function hasPythonModules(): boolean {
  const script = `import importlib.util as u, sys; sys.exit(not all(u.find_spec(m) for m in ${JSON.stringify(PYTHON_MODULES)}))`;
  return spawnSync(PYTHON, ['-c', script], { stdio: 'ignore', timeout: 120_000 }).status === 0;
}

/** The minor version of OpenSC 0.x; 0 where it does not say. */
function openScVersion(): number {
  const { stdout } = spawnSync('opensc-tool', ['--info'], { encoding: 'utf8', timeout: 60_000 });
  return Number(/^OpenSC 0\.(\d+)/.exec(stdout ?? '')?.[1] ?? 0);
}

function hasRsyslogTls(): boolean {
  return spawnSync('find', ['/usr/lib', '-name', 'lmnsd_gtls.so'], { encoding: 'utf8' }).stdout !== '';
}

/** Whether `test/clients/install.sh` came to the end of it. */
function isInstalled(client: string): boolean {
  return existsSync(join(clientsFolder(), 'versions', client));
}

function installedPython(): string | undefined {
  const path = join(clientsFolder(), 'azure-python/bin/python3');
  return isExecutable(path) ? path : undefined;
}
