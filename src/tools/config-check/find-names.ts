// Where the names of a production configuration lead, as this machine resolves them.
import { networkInterfaces } from 'node:os';
import type { Finding } from '../../deployment/checks/config-checks.ts';
import type { ProductionConfig } from '../../deployment/production-config.ts';
import { certificateNames } from '../../deployment/production-names.ts';
import { readIpAddress, writeIpAddress } from '../../formats/ip-address.ts';

/** @returns addresses @throws when there are none */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** @param instances that there are */
export async function* nameFindings(
  config: ProductionConfig,
  instances: readonly string[],
  lookup: Lookup,
): AsyncGenerator<Finding> {
  const { names } = config;
  const here = addressesHere(config.listen.address);
  const own = [names.resourceManager, ...(names.graph === undefined ? [] : [names.graph])];
  for (const host of [...own, ...instances.flatMap((name) => certificateNames(config, name, []))]) {
    yield await found(host, 'fail', here, lookup);
  }
  // Which instances there will be is not known.
  if (instances.length === 0) yield await found(`any.${names.instances}`, 'warn', here, lookup);
  const issuer = new URL(names.authorization).hostname;
  yield await found(issuer, 'fail', undefined, lookup);
}

/** @param otherwise what it is when the name leads nowhere @param here where it should lead; undefined: elsewhere */
async function found(
  host: string,
  otherwise: 'warn' | 'fail',
  here: ReadonlySet<string> | undefined,
  lookup: Lookup,
): Promise<Finding> {
  let addresses: readonly string[];
  try {
    addresses = await lookup(host);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = here === undefined ? 'clients get their tokens there (names.authorization)' : 'make a record of it';
    return { check: 'names', outcome: otherwise, says: `${host} does not resolve (${code ?? 'no address'}): ${what}` };
  }
  const where = addresses.join(', ');
  if (here === undefined || addresses.some((each) => here.has(spelled(each)))) {
    return { check: 'names', outcome: 'ok', says: `${host} leads to ${where}` };
  }
  return {
    check: 'names',
    outcome: 'warn',
    says: `${host} leads to ${where}, and the service will listen at ${[...here].join(', ')}: is something in front of it?`,
  };
}

function addressesHere(address: string): ReadonlySet<string> {
  if (address !== '0.0.0.0' && address !== '::') return new Set([spelled(address)]);
  return new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map((each) => spelled(each.address))));
}

/** One text for one address. */
function spelled(address: string): string {
  return writeIpAddress(readIpAddress(address.split('%')[0] ?? ''));
}
