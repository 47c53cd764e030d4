// Where `test/clients/install.sh` puts the clients that the tests drive; its `bin` comes first on the path of every test.
import { homedir } from 'node:os';
import { join } from 'node:path';

export function clientsFolder(env: Readonly<NodeJS.ProcessEnv> = process.env): string {
  const cache = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache');
  return env['STRONGROOM_CLIENTS'] ?? join(cache, 'strongroom-clients');
}
