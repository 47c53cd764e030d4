// Entry of the watcher, started by the supervisor only: reads the logs of a data directory and tells others of them. Knows no keys,
// no tokens and no records, and writes no log.
import { constants, setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import { places } from '../deployment/data-layout.ts';
import { readWatchConfig } from '../deployment/watch-config.ts';
import { oneOf } from '../formats/shape.ts';
import { collectAtRest } from '../links/at-rest.ts';
import { openSupervisorLink } from '../links/child-link.ts';
import { ready } from '../links/messages.ts';
import { type Watched, watched } from '../links/watcher-messages.ts';
import { openWatcher } from './watcher.ts';

// Requests come first, whatever is to be told.
setPriority(constants.priority.PRIORITY_LOW);
process.umask(0o077);
// The terminal's Ctrl-C reaches the whole process group; the supervisor decides when this process ends.
process.on('SIGINT', () => {});

const { values } = parseArgs({
  options: { data: { type: 'string' }, config: { type: 'string' }, profile: { type: 'string' } },
});
if (values.data === undefined || values.config === undefined)
  throw new Error('usage: watcher --data DIR --config JSON');
const profile = oneOf('dev', 'production')(values.profile, 'profile');
const config = readWatchConfig(JSON.parse(values.config), 'config');

await using link = openSupervisorLink();
// It is told before it has opened what it needs.
let told: Watched | undefined;
let update = (said: Watched): void => void (told = said);
link.on(watched, (said) => update(said));
await using watcher = await openWatcher({ places: places(values.data), profile, config, link });
update = (said) => watcher.update(said);
if (told !== undefined) update(told);
link.send(ready, { port: 0, modulePids: [] });
collectAtRest();
await link.closed;
