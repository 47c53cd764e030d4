// A build of the service is a moving thing: where an older recording and a newer one differ, the newer counts. What an
// older one says and a newer one contradicts is replaced by the newer form before anything is compared.
import type { Exchange, Json, Scenario } from './exchanges.ts';

type Members = Readonly<Record<string, Json>>;

export function asNewest(scenario: Scenario, newest: Newest): Scenario {
  const changes = [nullErrors, rolesOf(newest), ...defaultOperations(scenario), restoredKey, activated(scenario)];
  const exchanges = scenario.exchanges.map((exchange) => ({
    ...exchange,
    answer: changes.reduce((answer, change) => change(answer, exchange), exchange.answer),
  }));
  return { ...scenario, exchanges };
}

/** Answers of other recordings that older ones are replaced by. */
export interface Newest {
  /** The role definitions that come with an HSM, by id. */
  readonly roles: ReadonlyMap<string, Json>;
}

export function newestOf(all: readonly Exchange[]): Newest {
  const [list] = all
    .filter(({ method, path, status }) => method === 'GET' && status === 200 && path.endsWith('/roleDefinitions'))
    .sort((a, b) => (a.source.date > b.source.date ? -1 : 1));
  const roles = members(list?.answer)['value'] as readonly Members[] | undefined;
  return { roles: new Map((roles ?? []).filter(isBuiltIn).map((role) => [String(role['id']), role])) };
}

type Change = (answer: Json, exchange: Exchange) => Json;

/** A job without an error has null since 2022, had an object of nulls before. */
const nullErrors: Change = (answer, { source }) => {
  const { error } = members(answer);
  const nulls = Object.values(members(error));
  return source.date < '2022' && nulls.length > 0 && nulls.every((value) => value === null)
    ? { ...members(answer), error: null }
    : answer;
};

/** Built-in roles gained permissions and names until 2023. */
function rolesOf({ roles }: Newest): Change {
  return (answer, { source, path }) => {
    const { value } = members(answer);
    if (source.date >= '2023' || !path.endsWith('/roleDefinitions') || !Array.isArray(value)) return answer;
    return {
      ...members(answer),
      value: value.map((role: Json) =>
        isBuiltIn(members(role)) ? (roles.get(String(members(role)['id'])) ?? role) : role,
      ),
    };
  };
}

/** Symmetric keys sign, verify and derive since 2022, EC keys derive since 2023, unless their maker said what they are for. */
const DEFAULTS = [
  {
    kty: 'oct-HSM',
    since: '2022',
    of: ['decrypt', 'deriveKey', 'encrypt', 'sign', 'unwrapKey', 'verify', 'wrapKey'],
  },
  { kty: 'EC-HSM', since: '2023-03', of: ['deriveKey', 'sign', 'verify'] },
] as const;

function defaultOperations({ exchanges }: Scenario): readonly Change[] {
  const all = exchanges.some(
    ({ path, body }) => path.endsWith('/create') && body !== null && members(body)['key_ops'] === undefined,
  );
  if (!all) return [];
  return DEFAULTS.map(({ kty, since, of }) => (answer, { source }) => {
    const key = members(members(answer)['key']);
    if (source.date >= since || key['kty'] !== kty) return answer;
    return { ...members(answer), key: { ...key, key_ops: { $: 'set', of } } };
  });
}

/** A key that was not exportable stays so when its backup comes back: since 2023, not in 2022. */
const restoredKey: Change = (answer, { source, scenario }) => {
  if (scenario !== 'go-azkeys/TestBackupKey_HSM' || source.date >= '2023') return answer;
  const attributes = members(members(answer)['attributes']);
  return attributes['exportable'] === true
    ? { ...members(answer), attributes: { ...attributes, exportable: false } }
    : answer;
};

/** That an HSM was activated shows at once; in the recordings, minutes later. */
function activated({ exchanges }: Scenario): Change {
  const since = exchanges.findIndex(({ path }) => path === '/securitydomain/download');
  const active = exchanges
    .flatMap(({ answer }) => statesOf(answer))
    .find((state) => state['activationStatus'] === 'Active');
  const replaced = (value: Json): Json => {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((entry) => replaced(entry as Json));
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => [
        name,
        name === STATE ? (active ?? entry) : replaced(entry as Json),
      ]),
    );
  };
  return (answer, { step }) => (since < 0 || active === undefined || step <= since ? answer : replaced(answer));
}

const STATE = 'securityDomainProperties';

function statesOf(value: Json): readonly Members[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, entry]) =>
    name === STATE ? [members(entry as Json)] : statesOf(entry as Json),
  );
}

function isBuiltIn(role: Members): boolean {
  return members(role['properties'])['type'] === 'AKVBuiltInRole';
}

function members(value: Json | undefined): Members {
  return value === null || typeof value !== 'object' || Array.isArray(value) ? {} : (value as Members);
}
