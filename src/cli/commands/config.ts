// `strongroom config check`: what a start in the production profile would refuse, and what would keep clients away, before it starts.
import { lookup } from 'node:dns/promises';
import { resolve } from 'node:path';
import { places } from '../../deployment/data-layout.ts';
import { fetchJwks } from '../../features/auth/fetch-jwks.ts';
import { printableJson, printableLine } from '../../formats/printable.ts';
import { findingsOn } from '../../tools/config-check/check-config.ts';
import { type Command, command, dataOption, jsonOption } from '../command.ts';
import { readSecret } from '../read-secret.ts';
import { dataRootOf } from '../running.ts';

export const commands: readonly Command[] = [
  command({
    name: 'config check',
    summary: 'say what is wrong with a production configuration, without starting',
    operands: 'FILE',
    wants: 'name one configuration file',
    details: `
Goes by the rules of a start, and shows all that it finds instead of the first; a file that cannot be read, or a member of the
wrong kind, is shown alone. It also looks up the names, fetches the keys of the issuers, and judges a token if one is given,
which is best one that a client got from the issuer. With --data, or $STRONGROOM_DATA, that data directory is looked at, too.
Nothing is changed.
Run it as the service's user: what others can read and change depends on who asks. Each line begins with ok, warn or fail. The
exit code is 0 when nothing fails, with or without warnings, and 1 otherwise.`,
    options: {
      ...dataOption,
      offline: 'ask no network: neither names nor issuers, but keys that lie in a file',
      'token-file FILE': 'holds an access token to be judged; - is standard input',
      ...jsonOption,
    },
    examples: [
      'strongroom config check /etc/strongroom/config.json',
      'strongroom config check /etc/strongroom/config.json --data /var/lib/strongroom --token-file token',
      'az account get-access-token --resource https://hsm.example.org --query accessToken -o tsv | strongroom config check config.json --token-file -',
    ],
    async run(values, [file], terminal) {
      const path = values['token-file'] === '-' ? '/dev/stdin' : values['token-file'];
      const { offline, data } = values;
      const hasData = data !== undefined || process.env['STRONGROOM_DATA'] !== undefined;
      const findings = findingsOn({
        configFile: resolve(file),
        ...(hasData ? { at: places(dataRootOf(data)) } : {}),
        ...(offline ? {} : { lookup: addressesOf }),
        fetchJwks: offline ? () => Promise.reject(new Error('no network is asked (--offline)')) : fetchJwks,
        ...(path === undefined ? {} : { token: readSecret(path).toString('utf8').trim() }),
      });
      const checks: { check: string; outcome: 'ok' | 'warn' | 'fail'; says: string }[] = [];
      for await (const finding of findings) {
        checks.push(finding);
        const { check, outcome, says } = finding;
        if (!values.json) terminal.out(`${outcome.padEnd(4)}  ${check.padEnd(12)}  ${printableLine(says)}\n`);
      }
      const failed = checks.some(({ outcome }) => outcome === 'fail');
      if (values.json) terminal.out(printableJson({ failed, checks }));
      return failed ? 1 : 0;

      async function addressesOf(host: string): Promise<readonly string[]> {
        return (await lookup(host, { all: true })).map(({ address }) => address);
      }
    },
  }),
];
