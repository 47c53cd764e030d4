// What the entries of the control process have in common: its link to the supervisor, by which it hears of instances, asks for
// them, and has names in its folder made durable.
import { replaceFile } from '../files/durable-file.ts';
import { collectAtRest } from '../links/at-rest.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import { aliasesChanged, syncControl } from '../links/control-messages.ts';
import type { Link } from '../links/link.ts';
import { frontToken, ready } from '../links/messages.ts';
import { openManagementAudit } from '../links/recorder/open-audit-log.ts';
import { instanceHostOver } from './control-link.ts';
import type { PlaneOptions } from './plane.ts';

type Linked = Required<Pick<PlaneOptions, 'audit' | 'host' | 'replaceFile' | 'frontToken' | 'now' | 'log'>>;

/**
 * Until the supervisor ends it. It has loaded when the supervisor says that its files are there.
 * @param socket of the management plane's recorder
 * @param start has asked for the host when it resolves: the supervisor begins to tell of instances once this is ready
 */
export async function runControl(
  socket: string,
  start: (linked: Linked, link: Link) => Promise<AsyncDisposable & { readonly port: number }>,
): Promise<void> {
  await using link = openSupervisorLink();
  const told = Promise.withResolvers<Uint8Array>();
  link.on(frontToken, ({ token }) => told.resolve(token));
  await using audit = openManagementAudit(socket);
  const token = await Promise.race([told.promise, link.closed]);
  if (token === undefined) return;
  await using control = await start(
    {
      audit,
      host: (names) => {
        link.on(aliasesChanged, ({ aliases }) => names.setAliases(new Map(Object.entries(aliases))));
        return instanceHostOver(link, (name, status) => names.setInstance(name, status?.port));
      },
      replaceFile: (path, content) => replaceFile(path, content, { folder: () => link.request(syncControl, {}) }),
      frontToken: () => token,
      now: Date.now,
      log: (message) => console.error(message),
    },
    link,
  );
  link.send(ready, { port: control.port, modulePids: [] });
  collectAtRest();
  await link.closed;
}
