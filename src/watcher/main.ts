// Entry of the watcher, started by the supervisor only: reads the logs of a data directory and tells others of them. Knows no keys,
// no tokens and no records, and writes no log.
import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { places } from '../deployment/data-layout.ts';
import { readWatchConfig, type WatchConfig } from '../deployment/watch-config.ts';
import { oneOf } from '../formats/shape.ts';
import { collectAtRest } from '../links/at-rest.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import { ready } from '../links/messages.ts';
import { settings, type Watched, watched } from '../links/watcher-messages.ts';
import { openWatcher } from './watcher.ts';

// Requests come first, whatever is to be told. Before there are other threads: they would keep theirs.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.umask(0o077);
// The terminal's Ctrl-C reaches the whole process group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { data: text, profile: text, since: text } });
if (values.data === undefined) throw new Error('usage: watcher --data DIR --profile dev|production [--since TIME]');
// One that was started before an update does not say since when there is its configuration.
const since = values.since === undefined ? Date.now() : Date.parse(values.since);
const profile = oneOf('dev', 'production')(values.profile, 'profile');

await using link = openSupervisorLink();
const configured = Promise.withResolvers<WatchConfig>();
link.on(settings, ({ config }) => configured.resolve(readWatchConfig(config, 'config')));
void link.closed.then(() => configured.reject(new Error('nobody has said what is to be watched')));
// It is told before it has opened what it needs.
let told: Watched | undefined;
let update = (said: Watched): void => void (told = said);
link.on(watched, (said) => update(said));
const config = await configured.promise;
await using watcher = await openWatcher({ places: places(values.data), profile, config, since, link });
update = (said) => watcher.update(said);
if (told !== undefined) update(told);
link.send(ready, { port: 0, modulePids: [] });
collectAtRest();
await link.closed;
