// Programs of the operating system that some tests need. A test that lacks one is skipped with the line that installs
// it; with CI=true a skipped test fails the run, so nothing goes unseen there.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The Debian interpreter: the azure modules come as system packages, not into a virtual environment. */
export const PYTHON = '/usr/bin/python3';

const PYTHON_MODULES = [
  'azure.identity',
  'azure.keyvault.keys',
  'azure.keyvault.administration',
  'azure.keyvault.securitydomain',
];

const programs = {
  az: { isThere: () => onPath('az'), debian: 'azure-cli' },
  glewlwyd: { isThere: () => onPath('glewlwyd'), debian: 'glewlwyd' },
  openssl: { isThere: () => onPath('openssl'), debian: 'openssl' },
  'pkcs11-tool': { isThere: () => onPath('pkcs11-tool'), debian: 'opensc' },
  softhsm2: { isThere: () => onPath('softhsm2-util') && softHsm() !== undefined, debian: 'softhsm2' },
  'python-azure': { isThere: hasPythonModules, debian: 'python3-azure' },
} as const;
export type SystemProgram = keyof typeof programs;

const SOFTHSM_LIBRARIES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/softhsm/libsofthsm2.so'];

const known = new Map<SystemProgram, boolean>();

/** For `test(name, { skip: skipUnless('az', 'openssl') }, …)`: false when all are there, else the reason. */
export function skipUnless(...needed: readonly SystemProgram[]): false | string {
  const missing = needed.filter((name) => !isThere(name));
  if (missing.length === 0) return false;
  const packages = missing.map((name) => programs[name].debian);
  return `needs ${missing.join(', ')}: apt-get install -y ${packages.join(' ')}`;
}

/** The PKCS#11 library of SoftHSM. */
export function softHsm(): string | undefined {
  return SOFTHSM_LIBRARIES.find((path) => existsSync(path));
}

function isThere(name: SystemProgram): boolean {
  const answer = known.get(name) ?? programs[name].isThere();
  known.set(name, answer);
  return answer;
}

function onPath(program: string): boolean {
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
