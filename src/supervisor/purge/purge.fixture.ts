// Purges the instance `dev` of a data directory and kills itself at the given step: a crash at exactly that moment.
import { places } from '../../deployment/data-layout.ts';
import { type PurgeOrder, purgeInstance } from './purge-instance.ts';

const [, , root = '', order = '', wanted = '', count = '1'] = process.argv;
let seen = 0;
await purgeInstance(JSON.parse(order) as PurgeOrder, {
  places: places(root),
  now: () => 0,
  reached: (step) => {
    if (step === wanted) seen += 1;
    if (step === wanted && seen === Number(count)) process.kill(process.pid, 'SIGKILL');
  },
});
