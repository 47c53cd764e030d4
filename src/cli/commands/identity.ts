// `strongroom identity …`: which processes of this machine are which managed identity of the development directory.
import { execFile } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { type IdentityBinding, readBindings, writeBindings } from '../../control/directory/local-identity/bindings.ts';
import { readIdentityEndpoint } from '../../control/directory/local-identity/endpoint-file.ts';
import { type Command, CommandError, command, dataOption, jsonOption, UsageError } from '../command.ts';
import { identityNamed, openDirectory } from '../directory.ts';
import { folderHint, isOther } from './identity/other-users.ts';

const wants = 'name one managed identity';

export const commands: readonly Command[] = [
  command({
    name: 'identity bind',
    summary: 'let processes of a Unix user get the tokens of a managed identity',
    operands: 'IDENTITY',
    wants,
    details: `
IDENTITY is the display name, client id or object id of a managed identity in the directory. Local processes of that user
ask the endpoint that 'strongroom env --identity IDENTITY' names; the system tells who asks, so no secret is needed.
With --executable only that program of the user is let in: that keeps other programs out by mistake, not on purpose, as a user
can make one program of theirs act for another. An interpreter stands for all its scripts. It holds at once.`,
    options: {
      'user USER': 'the Unix user, by name or number',
      'executable PATH': 'only this program; links are resolved now',
      ...dataOption,
      ...jsonOption,
    },
    needs: { user: '--user names the Unix user to bind' },
    examples: [
      'strongroom identity bind strongroom-dev-identity --user www-data',
      'strongroom identity bind strongroom-dev-identity --user 1000 --executable /usr/local/bin/signer',
    ],
    async run({ user, executable, data }, [name]) {
      if (process.platform !== 'linux') {
        throw new CommandError(
          'only Linux tells which user is at the other end of a connection: there is no endpoint here',
        );
      }
      const { folder, directory } = await openDirectory(data);
      const { oid, displayName } = identityNamed(directory, name);
      const binding: IdentityBinding = {
        identity: oid,
        uid: await uidOf(user),
        ...(executable === undefined ? {} : { executable: programAt(executable) }),
      };
      const { uid } = binding;
      const before = await readBindings(folder);
      const isThere = before.some((each) => isDeepStrictEqual(each, binding));
      if (!isThere) await writeBindings(folder, [...before, binding]);
      const holds = isThere ? `was ${displayName} already` : `is ${displayName}`;
      return {
        json: binding,
        text: `${binding.executable ?? 'every program'} of user ${uid} ${holds}\n`,
        hint: isOther(uid) ? folderHint([uid], name, data) : '',
      };
    },
  }),
  command({
    name: 'identity list',
    summary: 'show the managed identities, and which local users and programs are bound to them',
    options: { ...dataOption, ...jsonOption },
    examples: ['strongroom identity list', 'strongroom identity list --json'],
    async run({ data }) {
      const { folder, directory } = await openDirectory(data);
      const bindings = await readBindings(folder);
      const port = (await readIdentityEndpoint(folder))?.port ?? null;
      const identities = directory.managedIdentities.map(({ displayName, clientId, oid }) => ({
        identity: displayName,
        clientId,
        oid,
        bindings: bindings
          .filter(({ identity }) => identity === oid)
          .map(({ uid, executable }) => ({ uid, executable: executable ?? null })),
      }));
      const lines = identities.flatMap(({ identity, clientId, oid, bindings: own }) => [
        `${identity}  client ${clientId}  object ${oid}`,
        ...own.map(({ uid, executable }) => `  user ${uid}, ${executable ?? 'every program'}`),
        ...(own.length === 0 ? ['  nobody is bound to it'] : []),
      ]);
      const where = port === null ? 'the endpoint has not run yet' : `the endpoint is at http://127.0.0.1:${port}`;
      return { json: { port, identities }, text: `${[...lines, where].join('\n')}\n` };
    },
  }),
  command({
    name: 'identity remove',
    summary: 'take the bindings of a managed identity to a Unix user away',
    operands: 'IDENTITY',
    wants,
    details: `
From now on no token is given; tokens that were given work until they expire, an hour at most. To stop them at once, take the
identity's role assignments away.`,
    options: {
      'user USER': 'the Unix user, by name or number',
      'executable PATH': 'only the binding to this program, as listed',
      ...dataOption,
      ...jsonOption,
    },
    needs: { user: '--user names the Unix user whose binding goes' },
    examples: ['strongroom identity remove strongroom-dev-identity --user www-data'],
    async run({ user, executable, data }, [name]) {
      const { folder, directory } = await openDirectory(data);
      const { oid, displayName } = identityNamed(directory, name);
      const uid = await uidOf(user);
      const before = await readBindings(folder);
      const goes = (each: IdentityBinding): boolean =>
        each.identity === oid && each.uid === uid && [undefined, each.executable].includes(executable);
      const removed = before.filter(goes);
      if (removed.length === 0) throw new CommandError(`user ${uid} is not bound to ${displayName} like that`);
      await writeBindings(
        folder,
        before.filter((each) => !goes(each)),
      );
      return { json: removed, text: `user ${uid} is not ${displayName} any more\n` };
    },
  }),
];

async function uidOf(user: string): Promise<number> {
  if (/^\d{1,10}$/.test(user)) {
    const uid = Number(user);
    if (uid > 0xffff_fffe) throw new UsageError(`--user ${user} is no user number`);
    return uid;
  }
  if (!/^[A-Za-z_][A-Za-z0-9_.@$-]{0,63}$/.test(user))
    throw new UsageError(`--user '${user.slice(0, 64)}' is no user name`);
  try {
    const { stdout } = await promisify(execFile)('id', ['-u', '--', user]);
    return Number(stdout.trim());
  } catch (cause) {
    throw new CommandError(`this machine has no user '${user}'`, { cause });
  }
}

/** As the system will name it: absolute, links resolved. @throws CommandError */
function programAt(path: string): string {
  try {
    const real = realpathSync(resolve(path));
    if (!statSync(real).isFile()) throw new CommandError(`${path} is not a file`);
    return real;
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    throw new CommandError(`there is no program ${path}`, { cause });
  }
}
