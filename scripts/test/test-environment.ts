// What the processes of the tests find on their path: first the clients that `test/clients/install.sh` installed, then the
// system's programs; or, as on a machine with nothing but Node, neither those nor any other program that a test can skip without.
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { clientsFolder } from '../../test/clients/folder.ts';
import { optionalCommands } from '../../test/system-programs.ts';

export interface TestEnvironment extends AsyncDisposable {
  readonly variables: Readonly<NodeJS.ProcessEnv>;
}

export async function testEnvironment(
  withoutPrograms: boolean,
  env: Readonly<NodeJS.ProcessEnv> = process.env,
): Promise<TestEnvironment> {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  if (!withoutPrograms) {
    const variables = { ...env, PATH: [join(clientsFolder(env), 'bin'), ...path].join(delimiter) };
    return { variables, [Symbol.asyncDispose]: async () => {} };
  }
  const bare = await mkdtemp(join(tmpdir(), 'strongroom-bare-path-'));
  const hidden = optionalCommands();
  for (const folder of path) {
    for (const command of await readdir(folder).catch(() => [])) {
      // The first on the path counts, so a later one of the same name is passed over.
      if (!hidden.has(command)) await symlink(join(folder, command), join(bare, command)).catch(passOverTaken);
    }
  }
  return {
    variables: { ...env, PATH: bare, STRONGROOM_CLIENTS: join(bare, 'no-clients') },
    [Symbol.asyncDispose]: () => rm(bare, { recursive: true, force: true }),
  };
}

function passOverTaken(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}
